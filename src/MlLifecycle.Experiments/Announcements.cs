using MlLifecycle.Contracts;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Registry;
using MlLifecycle.Experiments.Runs;

namespace MlLifecycle.Experiments;

/// <summary>Which facts of this service the others hear of.</summary>
public static class Announcements
{
    public static IntegrationEvent? Of(object @event) => @event switch
    {
        RunEnded e => new RunFinished(
            e.RunId, e.Name, e.Experiment, ProtoJson.NameOf(e.Status), e.Algorithm, e.Params, e.Metrics, [.. e.Inputs.Select(i => new RunInput(i.Name, i.Digest, i.Context))]),
        VersionRegistered e => new ModelVersionRegistered(e.Model, e.Version, e.RunId, e.Source),
        StageSet { Stage: Stages.Staging or Stages.Production } e => new ModelVersionPromoted(e.Model, e.Version, e.Stage),
        AliasSet e => new ModelVersionPromoted(e.Model, e.Version, e.Alias),
        _ => null,
    };
}
