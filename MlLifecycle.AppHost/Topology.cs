namespace MlLifecycle.AppHost;

/// <summary>One service of the suite. Each has a PostgreSQL database of its own, named as the service, and meets the others on the bus.</summary>
/// <param name="Name">As the others address it, as in <c>datasets</c>.</param>
/// <param name="Project">The project that builds it, under <c>src/</c>.</param>
internal sealed record ServicePart(string Name, string Project)
{
    /// <summary>The services it calls over HTTP. It starts without them and answers 503 where it needs one that is away.</summary>
    public IReadOnlyList<string> Calls { get; init; } = [];

    /// <summary>Whether it keeps files of its own beside its database.</summary>
    public bool KeepsFiles { get; init; }

    /// <summary>Whether it is an Orleans silo, whose instances meet in its database.</summary>
    public bool IsSilo { get; init; }

    /// <summary>Whether people and programs outside reach it: the one service that knows API tokens and signs passes.</summary>
    public bool IsFrontDoor { get; init; }
}

/// <summary>
/// What runs and who needs whom, the one list that both engines read. PostgreSQL must answer before a service starts, since each lays out its database
/// first; RabbitMQ and the services it calls may come later, and until then the service says at <c>/health</c> that it waits.
/// </summary>
internal static class Topology
{
    public const string Postgres = "postgres";
    public const string Bus = "bus";

    public static readonly IReadOnlyList<ServicePart> Services =
    [
        new("portal", "MlLifecycle.Portal")
        {
            Calls = ["scoping", "datasets", "experiments", "erroranalysis", "monitoring", "lifecycle"], KeepsFiles = true, IsFrontDoor = true,
        },
        new("scoping", "MlLifecycle.Scoping"),
        new("datasets", "MlLifecycle.Datasets") { KeepsFiles = true },
        new("experiments", "MlLifecycle.Experiments") { KeepsFiles = true },
        new("erroranalysis", "MlLifecycle.ErrorAnalysis") { KeepsFiles = true },
        new("monitoring", "MlLifecycle.Monitoring") { Calls = ["datasets"], KeepsFiles = true },
        new("lifecycle", "MlLifecycle.Lifecycle") { IsSilo = true },
    ];
}

/// <summary>The settings through which an engine tells a service where everything is: the same names under both.</summary>
internal static class Settings
{
    public const string Events = "ConnectionStrings__events";
    public const string Bus = "ConnectionStrings__bus";
    public const string Storage = "Storage__Path";
    public const string PublicKey = "Auth__PublicKey";
    public const string PrivateKey = "Auth__PrivateKey";
    public const string AdminTokenFile = "Portal__AdminTokenFile";

    public static string AddressOf(string service) => $"services__{service}__http__0";
}
