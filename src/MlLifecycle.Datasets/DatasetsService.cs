using JasperFx.Events.Projections;
using MlLifecycle.Datasets.Checks;
using MlLifecycle.Datasets.Objects;
using MlLifecycle.Datasets.Profiles;
using MlLifecycle.Datasets.Splits;
using MlLifecycle.Datasets.Staging;
using MlLifecycle.Datasets.Versions;
using MlLifecycle.ServiceDefaults.Bus;
using MlLifecycle.ServiceDefaults.Events;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Datasets;

/// <summary>The project's data: versions of files by content, what is in them, whether it is good, and how it is split.</summary>
public static class DatasetsService
{
    private static readonly TimeSpan LongestUpload = TimeSpan.FromDays(1);

    public static WebApplicationBuilder AddDatasets(this WebApplicationBuilder builder)
    {
        builder.AddBus("datasets", _ => { });
        builder.AddEventStore(Announcements.Of, store =>
        {
            store.Fold<Dataset>();
            store.Schema.For<Dataset>().UniqueIndex(Dataset.NameIndex, d => d.ProjectId, d => d.Name);
            store.Projections.Add(new ReadModels(), ProjectionLifecycle.Inline);
            store.Schema.For<DatasetVersion>().Index(v => v.DatasetId);
            store.Schema.For<Split>().Index(s => s.DatasetId);
            store.Schema.For<VersionVerdict>().Index(v => v.VersionId);
            store.Storage.ExtendedSchemaObjects.Add(StagingArea.Schema());
        });
        builder.Services.AddSingleton(services =>
        {
            var objects = new ObjectStore(services.GetRequiredService<IConfiguration>()["Storage:Path"]
                ?? throw new InvalidOperationException("Storage:Path is missing: set Storage__Path to a directory of this service's own."));
            objects.Sweep(services.GetRequiredService<TimeProvider>().GetUtcNow() - LongestUpload);
            return objects;
        });
        builder.Services.AddSingleton<StagingArea>().AddSingleton<HeavyWork>().AddSingleton<ProfileStore>();
        return builder;
    }

    public static WebApplication MapDatasets(this WebApplication app)
    {
        app.Services.GetRequiredService<ObjectStore>(); // a missing or unusable directory stops the start, not the first upload

        var datasets = app.MapGroup("/api/projects/{project}/datasets");
        datasets.MapPost("", RegisterDatasetSlice.Handle).Requires(Role.Contributor);
        datasets.MapGet("", ReadDatasets.List).Requires(Role.Viewer);

        var dataset = datasets.MapGroup("/{dataset}");
        dataset.MapGet("", ReadDatasets.One).Requires(Role.Viewer);
        dataset.MapPatch("", DescribeDatasetSlice.Handle).Requires(Role.Contributor);
        dataset.MapGet("/staging", StageFileSlice.List).Requires(Role.Viewer);
        dataset.MapPut("/staging/{**path}", StageFileSlice.Put).WithMetadata(new UnlimitedBody()).Requires(Role.Contributor);
        dataset.MapDelete("/staging/{**path}", StageFileSlice.Delete).Requires(Role.Contributor);
        dataset.MapPost("/versions", CommitVersionSlice.Handle).Requires(Role.Contributor);
        dataset.MapGet("/versions", ReadVersions.List).Requires(Role.Viewer);
        dataset.MapGet("/diff", DiffVersions.Handle).Requires(Role.Viewer);

        var version = dataset.MapGroup("/versions/{reference}");
        version.MapGet("", ReadVersions.One).Requires(Role.Viewer);
        version.MapGet("/files", ReadFiles.List).Requires(Role.Viewer);
        version.MapGet("/files/{**path}", ReadFiles.One).Requires(Role.Viewer);
        version.MapGet("/profile", ProfileVersion.Handle).Requires(Role.Viewer);
        version.MapPost("/checks", CheckVersionSlice.Handle).Requires(Role.Contributor);
        version.MapGet("/checks", CheckVersionSlice.Read).Requires(Role.Viewer);
        version.MapPost("/splits", SplitVersionSlice.Handle).Requires(Role.Contributor);
        version.MapGet("/splits", ReadSplits.List).Requires(Role.Viewer);
        version.MapGet("/splits/{split:guid}", ReadSplits.One).Requires(Role.Viewer);
        version.MapGet("/splits/{split:guid}/{part}", ReadSplits.Part).Requires(Role.Viewer);
        return app;
    }

    // Files are as large as they are; the disk is the limit.
    private sealed class UnlimitedBody : Microsoft.AspNetCore.Http.Metadata.IRequestSizeLimitMetadata
    {
        public long? MaxRequestBodySize => null;
    }
}
