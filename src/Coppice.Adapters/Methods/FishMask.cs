using Coppice.Adapters.Masks;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Training.Loop;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;

namespace Coppice.Adapters.Methods;

/// <summary>Settings of <see cref="FishMask"/>.</summary>
public sealed record FishSettings
{
    /// <summary>The share of all parameters that is trained, a new head's included.</summary>
    public double Share { get; init; } = 0.005;

    /// <summary>Examples, at most, by which the parameters are chosen.</summary>
    public int Examples { get; init; } = 1024;

    /// <summary>Parameters of a new head, which is trained whole beside the adapter: they count as chosen.</summary>
    public long HeadParameters { get; init; }
}

/// <summary>
/// Trains the parameters with the largest empirical Fisher information, chosen once, and no others: the sum over examples of the squared gradient of the log-likelihood of
/// each one's label. Squares are taken example by example: of two that pull in opposite directions the sum of gradients is 0 and the information is not.
/// </summary>
[Technique("fish-mask", Title = "Training Neural Networks with Fixed Sparse Masks", Paper = "arXiv:2111.09839")]
public sealed class FishMask : WholeModel
{
    /// <inheritdoc/>
    public override string Name => "fish";

    /// <summary>How many parameters are trained: the share of all, a head's included, less the head's.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="parameters">Parameters of the model.</param>
    /// <exception cref="CoppiceException">None is left for the model (exit code 2).</exception>
    public static long CountOf(FishSettings settings, long parameters)
    {
        var count = (long)Math.Floor((parameters + settings.HeadParameters) * settings.Share) - settings.HeadParameters;
        return count > 0 ? count : throw CoppiceException.Usage(FormattableString.Invariant($"fish with a share of {settings.Share} of {parameters + settings.HeadParameters} parameters has none left beside the head's {settings.HeadParameters}: take a larger share"));
    }

    /// <inheritdoc/>
    public override void Prepare(Adapter adapter, IObjective objective, IReadOnlyList<PackedBatch> examples, ulong seed)
    {
        var (settings, parameters) = (SettingsOf(adapter.Settings), adapter.Parameters);
        if (examples.Count == 0) throw CoppiceException.Usage("fish chooses by examples, and there are none");
        using var information = new FlatBuffer(parameters.Backend, parameters.Values.Count);
        using var trainer = new Trainer(adapter.Model, objective, new OptimizerChain(parameters, []), seed, parameters: parameters);
        var counted = 0;
        foreach (var example in examples.Take(settings.Examples))
        {
            var result = trainer.ComputeGradients([example], counted++);
            if (!result.IsFinite) throw new CoppiceException(FormattableString.Invariant($"example {counted}: the loss is {result.Loss}: no parameters can be chosen by it"));
            // The likelihood of a label of several tokens is their product: the sum of their losses, not the mean.
            var gradients = parameters.Gradients!;
            gradients.Scale(result.CountedTokens, 0, gradients.Count);
            information.AddSquares(gradients);
        }

        var mask = new CoordinateMask(parameters.Values.Count);
        mask.AddLargest(information, parameters.Parameters, CountOf(settings, parameters.Count));
        adapter.Mask = mask;
    }

    internal override bool ChoosesByExamples => true;

    internal override AdapterTraining CreateTraining(AdapterParts parts, long steps) => new(new FixedMask(RequireMask(parts)), Penalty: null);

    private protected override void Check(AdapterSettings settings)
    {
        var fish = SettingsOf(settings);
        RequireShare(fish.Share);
        if (fish.Examples < 1 || fish.HeadParameters < 0) throw CoppiceException.Usage("fish needs at least one example, and no negative number of parameters of a head");
    }

    private static FishSettings SettingsOf(AdapterSettings settings) => settings.Fish ?? new FishSettings();
}
