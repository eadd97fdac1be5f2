using Coppice.Adapters.Masks;
using Coppice.Foundation;

namespace Coppice.Adapters.Methods;

/// <summary>Settings of <see cref="GradientMaskTuning"/>.</summary>
public sealed record GmtSettings
{
    /// <summary>The share of each tensor that is trained at a step, rounded up.</summary>
    public double Share { get; init; } = 0.4;

    /// <summary>
    /// Whether what is not chosen at a step stays as it is. As published (false) its gradient is 0, and with Adam the momentum of earlier steps moves it still: the two
    /// differ from the second step on. With plain descent they are the same.
    /// </summary>
    public bool Strict { get; init; }
}

/// <summary>At each step trains the coordinates of each tensor with the largest gradients, summed over the step's micro-batches; a step should have 8 to 32 of those.</summary>
[Technique("gmt", Title = "Enhancing Large Language Model Performance with Gradient-Based Parameter Selection", Paper = "arXiv:2406.15330")]
public sealed class GradientMaskTuning : WholeModel
{
    /// <inheritdoc/>
    public override string Name => "gmt";

    internal override AdapterTraining CreateTraining(AdapterParts parts, long steps)
    {
        var settings = SettingsOf(parts.Settings);
        return new(new LargestGradients(parts.Trained, settings.Share, settings.Strict), Penalty: null);
    }

    private protected override void Check(AdapterSettings settings) => RequireShare(SettingsOf(settings).Share);

    private static GmtSettings SettingsOf(AdapterSettings settings) => settings.Gmt ?? new GmtSettings();
}
