using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Registry;

/// <summary>Renames, describes, tags and deletes registered models. A deleted model's name is free again; its log stays.</summary>
internal static class ChangeModelSlice
{
    public static Decision Rename(RegisteredModel model, string name, long now) => model switch
    {
        { Active: false } => ModelMessages.Unknown(model.Name),
        _ when model.Name == name => Nothing,
        _ => Accept(new ModelRenamed(name, model.Name, now)),
    };

    /// <summary>Describes a model anew.</summary>
    /// <param name="model">The model.</param>
    /// <param name="description">The description.</param>
    /// <param name="present">What it is now.</param>
    /// <param name="now">Milliseconds since 1970.</param>
    public static Decision Describe(RegisteredModel model, string description, string present, long now) =>
        !model.Active ? ModelMessages.Unknown(model.Name) : description == present ? Nothing : Accept(new ModelDescribed(description, now));

    public static Decision SetTag(RegisteredModel model, string key, string value, string? present, long now) =>
        !model.Active ? ModelMessages.Unknown(model.Name) : value == present ? Nothing : Accept(new ModelTagSet(key, value, now));

    public static Decision RemoveTag(RegisteredModel model, string key, string? present, long now) =>
        !model.Active ? ModelMessages.Unknown(model.Name) : present is null ? Nothing : Accept(new ModelTagRemoved(key, now));

    public static Decision Delete(RegisteredModel model, long now) => model.Active ? Accept(new ModelDeleted(now)) : ModelMessages.Unknown(model.Name);

    public static async Task<IResult> HandleRename([AsParameters] RegistryChange change)
    {
        if (Names.CheckModelName("new_name", change.Message.NewName) is { } bad)
            return new Refused(bad);
        var name = change.Message.NewName!;
        return await change.OfModel(
            (_, model) => Rename(model, name, change.Now), () => change.WholeModel(name), () => Mlflow.Taken($"Registered Model (name={name}) already exists."));
    }

    public static Task<IResult> HandleDescribe([AsParameters] RegistryChange change) =>
        change.OfModel((row, model) => Describe(model, change.Message.Description ?? "", row.Description, change.Now), () => change.WholeModel(change.Message.Name!));

    public static Task<IResult> HandleDelete([AsParameters] RegistryChange change) => change.OfModel((_, model) => Delete(model, change.Now));

    public static Task<IResult> HandleSetTag([AsParameters] RegistryChange change) =>
        change.OfTag((key, value) => change.OfModel((row, model) => SetTag(model, key, value, row.Tags.GetValueOrDefault(key), change.Now)));

    public static Task<IResult> HandleRemoveTag([AsParameters] RegistryChange change) =>
        change.OfTag((key, _) => change.OfModel((row, model) => RemoveTag(model, key, row.Tags.GetValueOrDefault(key), change.Now)));
}
