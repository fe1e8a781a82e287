using MlLifecycle.ServiceDefaults.Decisions;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Registry;

/// <summary>Describes, tags and deletes versions. A deleted version's number is never given again.</summary>
internal static class ChangeVersionSlice
{
    public static Decision Describe(RegisteredModel model, int version, string description, string present, long now) =>
        Unknown(model, version) ?? (description == present ? Nothing : Accept(new VersionDescribed(version, description, now)));

    public static Decision SetTag(RegisteredModel model, int version, string key, string value, string? present, long now) =>
        Unknown(model, version) ?? (value == present ? Nothing : Accept(new VersionTagSet(version, key, value, now)));

    public static Decision RemoveTag(RegisteredModel model, int version, string key, string? present, long now) =>
        Unknown(model, version) ?? (present is null ? Nothing : Accept(new VersionTagRemoved(version, key, now)));

    public static Decision Delete(RegisteredModel model, int version, long now) => Unknown(model, version) ?? Accept(new VersionDeleted(version, now));

    public static Task<IResult> HandleDescribe([AsParameters] RegistryChange change) =>
        change.OfVersion((row, model) => Describe(model, row.Version, change.Message.Description ?? "", row.Description, change.Now), change.WholeVersion);

    public static Task<IResult> HandleDelete([AsParameters] RegistryChange change) => change.OfVersion((row, model) => Delete(model, row.Version, change.Now));

    public static Task<IResult> HandleSetTag([AsParameters] RegistryChange change) =>
        change.OfTag((key, value) => change.OfVersion((row, model) => SetTag(model, row.Version, key, value, row.Tags.GetValueOrDefault(key), change.Now)));

    public static Task<IResult> HandleRemoveTag([AsParameters] RegistryChange change) =>
        change.OfTag((key, _) => change.OfVersion((row, model) => RemoveTag(model, row.Version, key, row.Tags.GetValueOrDefault(key), change.Now)));

    private static Decision? Unknown(RegisteredModel model, int version)
    {
        if (model.Has(version))
            return null;
        return FromRefusal(ModelMessages.UnknownVersion(model.Name, VersionRow.Number(version)));
    }
}
