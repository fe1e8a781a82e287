using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Runs;

namespace MlLifecycle.Cli.Import;

/// <summary>The files of a run or of a logged model, as a server shows them.</summary>
/// <param name="Server">The server.</param>
/// <param name="Name">What to call it in a report.</param>
/// <param name="Root">Where the server says that they are.</param>
/// <param name="Listing">The request that lists a directory, up to the value of its last parameter.</param>
/// <param name="Opening">The request that opens a file through the server, up to its path.</param>
internal sealed record FileTree(MlflowServer Server, string Name, string? Root, string Listing, string Opening)
{
    private const string Proxy = "mlflow-artifacts:";

    public static FileTree OfRun(MlflowServer server, FoundRun run)
    {
        var id = Uri.EscapeDataString(run.Info.RunId);
        return new(
            server, $"{run.Info.RunId} ({CopyRun.NameOf(run)})", run.Info.ArtifactUri, $"{server.Api}artifacts/list?run_id={id}&path=", $"{server.Root}get-artifact?run_id={id}&path=");
    }

    public static FileTree OfModel(MlflowServer server, LoggedModel model)
    {
        var id = Uri.EscapeDataString(model.Id);
        return new(
            server,
            model.Label,
            model.ArtifactUri,
            $"{server.Api}logged-models/{id}/artifacts/directories?artifact_directory_path=",
            $"{server.Root}ajax-api/2.0/mlflow/logged-models/{id}/artifacts/files?artifact_file_path=");
    }

    /// <summary>What lies in a directory.</summary>
    public async Task<List<ArtifactEntry>> List(string directory, CancellationToken stop)
    {
        var all = new List<ArtifactEntry>();
        var asked = Listing + Uri.EscapeDataString(directory);
        string? token = null;
        do
        {
            var page = await Server.Server.Get<ArtifactPage>(string.IsNullOrEmpty(token) ? asked : $"{asked}&page_token={Uri.EscapeDataString(token)}", stop);
            all.AddRange(page.Files ?? []);
            token = page.NextPageToken;
        }
        while (!string.IsNullOrEmpty(token));
        return all;
    }

    /// <summary>Opens a file: straight from the store when the server stands before it, else through the server, which reads whatever store it has.</summary>
    public async Task<HttpResponseMessage> Open(string path, CancellationToken stop)
    {
        if (Place(path) is { } direct)
        {
            try
            {
                return await Server.Server.Open(direct, stop);
            }
            catch (RefusedException refused) when (refused.NoSuchPath || refused.Unknown)
            {
                // As when the server lists artifacts and does not serve them; what the other path says is then what is told.
            }
        }

        return await Server.Server.Open(Opening + Uri.EscapeDataString(path), stop);
    }

    /// <summary>The path of a file at the proxy of its server; null when its store is another.</summary>
    public string? Place(string path) => Place(Server, Root, path);

    /// <summary>The path at a server's proxy of a file under a root; null when the root is elsewhere.</summary>
    public static string? Place(MlflowServer server, string? root, string path)
    {
        if (root?.StartsWith(Proxy, StringComparison.Ordinal) != true)
            return null;
        var rest = root[Proxy.Length..];
        // mlflow-artifacts://host:port/… names the server too.
        rest = rest.StartsWith("//", StringComparison.Ordinal) && !rest.StartsWith("///", StringComparison.Ordinal) ? rest[2..].Split('/', 2) is [_, var tail] ? tail : "" : rest;
        var parts = $"{rest.Trim('/')}/{path}".Split('/', StringSplitOptions.RemoveEmptyEntries);
        return $"{server.Root}api/2.0/mlflow-artifacts/artifacts/{string.Join('/', parts.Select(Uri.EscapeDataString))}";
    }
}
