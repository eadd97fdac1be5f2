using Coppice.Adapters.Methods;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>What an adapter will be on a model, before memory is taken for it.</summary>
/// <param name="Method">The method.</param>
/// <param name="Settings">The settings.</param>
/// <param name="Targets">The projections that change.</param>
/// <param name="BaseParameters">Names of the base's parameters of which it trains copies.</param>
/// <param name="Trained">Names and shapes of what is trained.</param>
/// <param name="Frozen">Names and shapes of what is fixed and no part of the base.</param>
internal sealed record AdapterLayout(
    AdapterMethod Method, AdapterSettings Settings, IReadOnlyList<TargetModule> Targets, IReadOnlyList<string> BaseParameters,
    IReadOnlyList<ParameterSpecification> Trained, IReadOnlyList<ParameterSpecification> Frozen)
{
    /// <summary>Lays an adapter out.</summary>
    public static AdapterLayout Of(LanguageModel model, AdapterSettings settings)
    {
        var method = AdapterMethods.Find(settings.Method);
        if (method is RsLora) settings = settings with { RankStabilized = true };
        var targets = method.Targets(model, settings);
        string[] copied = [.. method.BaseParameters(model, settings, targets)];
        var copies = copied.Select(parameter => new ParameterSpecification(parameter, model.Parameters[parameter].Shape));
        return new AdapterLayout(method, settings, targets, copied, [.. targets.SelectMany(method.Trained), .. copies], [.. method.Frozen(settings, targets)]);
    }
}
