using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>Of adapters with a bottleneck. Its width is <see cref="AdapterSettings.Rank"/>.</summary>
public sealed record BottleneckSettings
{
    /// <summary>What stands between the two matrices; null for what the method's source has.</summary>
    public PointwiseFunction? Activation { get; init; }

    /// <summary>Multiplies what the adapter adds; null for what the method's source has.</summary>
    public double? Scale { get; init; }
}

/// <summary>
/// Narrow networks that are put into the layers of a frozen base: down to a few numbers, an activation, and up again. The second matrix begins as 0, so that a new
/// adapter changes nothing.
/// </summary>
public abstract class BottleneckAdapter : AdapterMethod
{
    private const string Down = ".adapter_down";
    private const string Up = ".adapter_up";

    /// <summary>False: there is an activation in it.</summary>
    public sealed override bool IsMergeable => false;

    /// <summary>inputs · width + width + width · outputs + outputs; where inputs are as many as outputs, 2 d m + d + m.</summary>
    /// <inheritdoc/>
    public override long CountOf(TargetModule target) => (long)target.Rank * (InputsOf(target) + target.Outputs) + target.Rank + target.Outputs;

    /// <summary>The method's own activation.</summary>
    private protected abstract PointwiseFunction Activation { get; }

    /// <summary>The method's own scale.</summary>
    private protected virtual double Scale => 1;

    /// <summary>The places that the method's source has.</summary>
    private protected abstract TargetPattern Sites(LanguageModel model);

    internal override IReadOnlyList<TargetModule> Targets(LanguageModel model, AdapterSettings settings)
    {
        if (settings.Bottleneck?.Scale is { } scale && !double.IsFinite(scale)) throw CoppiceException.Usage($"the scale of '{Name}' is no number");
        return TargetSelection.Select(model, settings, settings.Targets ?? Sites(model));
    }

    internal override IEnumerable<ParameterSpecification> Trained(TargetModule target) =>
    [
        new(target.Name + Down + ".weight", new Shape(target.Rank, InputsOf(target))),
        new(target.Name + Down + ".bias", new Shape(target.Rank)),
        new(target.Name + Up + ".weight", new Shape(target.Outputs, target.Rank)),
        new(target.Name + Up + ".bias", new Shape(target.Outputs)),
    ];

    internal override void Initialize(AdapterParts parts, ulong seed)
    {
        foreach (var target in parts.Targets) InitializeDown(parts.Trained[target.Name + Down + ".weight"], seed);
    }

    /// <summary>The first values of the first matrix.</summary>
    private protected abstract void InitializeDown(Parameter down, ulong seed);

    /// <summary>What goes into the adapter: as much as comes out, the width of the hidden states.</summary>
    private protected virtual int InputsOf(TargetModule target) => target.Outputs;

    /// <summary>The network of a target.</summary>
    private protected Bottleneck Module(AdapterParts parts, TargetModule target) => Module(parts.Trained, target.Name, parts.Settings.Bottleneck);

    /// <summary>The network of a target, wherever its parameters are.</summary>
    private protected Bottleneck Module(ParameterSet parameters, string target, BottleneckSettings? settings) => new(
        parameters[target + Down + ".weight"], parameters[target + Down + ".bias"], parameters[target + Up + ".weight"], parameters[target + Up + ".bias"],
        settings?.Activation ?? Activation, settings?.Scale ?? Scale);
}
