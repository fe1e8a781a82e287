using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.Features;
using MlLifecycle.Portal.Access;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Transforms;

namespace MlLifecycle.Portal.Gateway;

/// <summary>Passes requests on to the services, streaming in both directions, with the caller's token replaced by a pass.</summary>
public static partial class Gateway
{
    /// <summary>How long a request may stay without a byte moving: a service that digests a large upload is silent for a while.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromMinutes(10);

    // What vouches for a caller, or names one, is the Portal's to say.
    private static readonly string[] Withheld =
    [
        "Authorization", "Cookie", "Proxy-Authorization", "Forwarded", "X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Preferred-Username", "X-Remote-User",
        "X-Real-IP", "X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override", "X-Causation-Id",
    ];

    [GeneratedRegex("/{2,}")]
    private static partial Regex SeveralSlashes { get; }

    private static readonly object PassKey = new();
    private static readonly object MistrustKey = new();

    public static void AddGateway(this IServiceCollection services)
    {
        services.AddSingleton<Passes>().AddSingleton<ServiceHttp>().AddSingleton<ProjectDirectory>();
        services.AddReverseProxy()
            .LoadFromMemory([.. RouteTable.Routes.Select(Route)], [.. RouteTable.Services.Select(Cluster)])
            .AddTransforms(route =>
            {
                foreach (var header in Withheld)
                    route.AddRequestHeaderRemove(header);
                route.AddRequestTransform(PassOn);
                route.AddResponseTransform(NoteMistrust);
                if (route.Route.Match.Path!.StartsWith("/openapi/", StringComparison.Ordinal))
                    route.AddOriginalHost(); // the document names the server that its reader can reach
            });
        services.AddSingleton<Yarp.ReverseProxy.ServiceDiscovery.IDestinationResolver, ServiceDestinations>();
    }

    public static void MapGateway(this WebApplication app)
    {
        var routes = RouteTable.Routes.ToDictionary(route => route.Id);
        app.MapReverseProxy(proxy =>
        {
            proxy.Use(Admit);
            proxy.UseLoadBalancing();
        }).ConfigureEndpoints((endpoint, config) =>
        {
            var route = routes[config.RouteId];
            endpoint.WithMetadata(new Reaches(route.Reach));
            if (route.Least is { } role)
                endpoint.Requires(role);
            else
                endpoint.AllowAnonymous();
        });
    }

    private static RouteConfig Route(GatewayRoute route) => new()
    {
        RouteId = route.Id,
        ClusterId = route.Service,
        Match = new RouteMatch { Path = route.Path, Methods = route.Methods },
        MaxRequestBodySize = -1, // a dataset's file has no upper limit here; the service sets its own
    };

    private static ClusterConfig Cluster(string service) => new()
    {
        ClusterId = service,
        HttpRequest = new ForwarderRequestConfig { ActivityTimeout = Silence, AllowResponseBuffering = false },
        Destinations = new Dictionary<string, DestinationConfig> { [service] = new() { Address = $"http://{service}" } },
    };

    private static async Task Admit(HttpContext http, RequestDelegate next)
    {
        if (http.WebSockets.IsWebSocketRequest || http.Request.Headers.Upgrade.Count > 0)
        {
            await Refuse(http, new(400, "no-upgrade", "The API speaks plain HTTP: no WebSockets and no other upgrade."));
            return;
        }

        var service = http.GetReverseProxyFeature().Cluster.Config.ClusterId;
        try
        {
            if ((IsTooLarge(http.Request, service) ? ServiceDefaults.ServiceDefaults.TooLarge : await PassFor(http)) is { } refusal)
            {
                await Refuse(http, refusal);
                return;
            }
        }
        catch (ServiceDownException down)
        {
            Warn(http, down.Message);
            await Refuse(http, down.Refusal);
            return;
        }

        await next(http);
        var error = http.GetForwarderErrorFeature();
        if ((error is null ? http.Items[MistrustKey] as Refusal : Explain(error, service)) is not { } failure)
            return;
        Warn(http, $"{failure.Detail} {error?.Exception?.Message}");
        if (!http.Response.HasStarted)
            await Refuse(http, failure);
    }

    // The service would cut such a caller off in the middle of the body; who is cut off hears that the service is down, and sends it all again. Files come by PUT.
    private static bool IsTooLarge(HttpRequest request, string service) =>
        IsLimited(request, service) && request.ContentLength > ServiceDefaults.ServiceDefaults.LargestBody;

    private static bool IsLimited(HttpRequest request, string service) => service == "experiments" && !HttpMethods.IsPut(request.Method);

    /// <summary>Makes the pass for the caller on what the request addresses. Authorization has let the request through before.</summary>
    private static async Task<Refusal?> PassFor(HttpContext http)
    {
        if (Identities.Of(http.User) is not { } holder || http.GetEndpoint()?.Metadata.GetMetadata<RequiredRole>() is null)
            return null; // a route open to anyone
        var slug = Reaches.ProjectOf(http, holder);
        var role = Reaches.RoleOf(http, holder)!.Value;
        Guid? id = null;
        if (slug is not null)
        {
            id = slug == holder.Project ? holder.ProjectId : await http.RequestServices.GetRequiredService<ProjectDirectory>().Find(slug, http.RequestAborted);
            if (id is null)
                return new(404, "project-unknown", $"There is no project '{slug}'.");
        }

        http.Items[PassKey] = new Pass(holder.Name, role, id, slug);
        return null;
    }

    private static ValueTask PassOn(RequestTransformContext context)
    {
        var http = context.HttpContext;
        var service = http.GetReverseProxyFeature().Cluster.Config.ClusterId;
        if (IsLimited(http.Request, service) && http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } body)
            body.MaxRequestBodySize = ServiceDefaults.ServiceDefaults.LargestBody; // for a body that does not announce its length
        if (http.Items[PassKey] is not Pass pass)
            return ValueTask.CompletedTask;
        var signed = http.RequestServices.GetRequiredService<Passes>().Sign(pass);
        context.ProxyRequest.Headers.TryAddWithoutValidation("Authorization", $"Bearer {signed}");
        if (Reaches.Of(http) == Reach.OwnProject)
            context.Path = new PathString($"/mlflow/{pass.Project}").Add(context.Path);
        if (service == "experiments" && context.Path.Value!.Contains("//", StringComparison.Ordinal))
            context.Path = new PathString(SeveralSlashes.Replace(context.Path.Value, "/")); // as clients join a tracking URI and a path
        return ValueTask.CompletedTask;
    }

    // 401 is for callers without a token; this one had a good one, and it is the suite that is set up wrongly.
    private static ValueTask NoteMistrust(ResponseTransformContext context)
    {
        if (context.ProxyResponse?.StatusCode != HttpStatusCode.Unauthorized || context.HttpContext.Items[PassKey] is null)
            return ValueTask.CompletedTask;
        var service = context.HttpContext.GetReverseProxyFeature().Cluster.Config.ClusterId;
        context.SuppressResponseBody = true;
        context.HttpContext.Items[MistrustKey] = new Refusal(
            502,
            "pass-refused",
            $"The service '{service}' does not accept this Portal's passes: its Auth:PublicKey is not the one of the Portal's Auth:PrivateKey, or their clocks differ.");
        return ValueTask.CompletedTask;
    }

    private static void Warn(HttpContext http, string problem) =>
        http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(Gateway))
            .LogWarning("{Method} {Path}: {Problem}", http.Request.Method, http.Request.Path, problem);

    private static Refusal? Explain(IForwarderErrorFeature error, string service) => error.Error switch
    {
        ForwarderError.RequestBodyClient when Tells413(error.Exception) => ServiceDefaults.ServiceDefaults.TooLarge,
        ForwarderError.Request or ForwarderError.NoAvailableDestinations or ForwarderError.RequestBodyDestination or ForwarderError.ResponseHeaders =>
            ServiceDownException.RefusalOf(service),
        ForwarderError.RequestTimedOut =>
            new(504, "service-timeout",
                $"The service '{service}' was silent for {Silence.TotalMinutes:0} minutes, and the request was given up. It may still be carried out: read before you retry."),
        ForwarderError.RequestBodyClient => new(400, "upload-broken", "The request's body ended before its announced length."),
        _ => null, // the caller went away
    };

    private static bool Tells413(Exception? exception) => exception switch
    {
        null => false,
        BadHttpRequestException bad => bad.StatusCode == StatusCodes.Status413PayloadTooLarge,
        AggregateException several => several.InnerExceptions.Any(Tells413),
        _ => Tells413(exception.InnerException),
    };

    private static Task Refuse(HttpContext http, Refusal refusal)
    {
        http.Response.Clear();
        if (refusal.Status == StatusCodes.Status503ServiceUnavailable)
            http.Response.Headers.RetryAfter = "2";
        return new Refused(refusal).ExecuteAsync(http);
    }
}
