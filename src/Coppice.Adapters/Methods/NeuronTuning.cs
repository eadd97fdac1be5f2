using Coppice.Adapters.Masks;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Loop;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using Coppice.Training.Recipes;

namespace Coppice.Adapters.Methods;

/// <summary>Which neurons are trained.</summary>
public enum NeuronChoice
{
    /// <summary>Those that full fine-tuning turns most.</summary>
    MostChanged,

    /// <summary>Those that it turns least: a control, which should do worse.</summary>
    LeastChanged,

    /// <summary>Any: another control.</summary>
    Random,
}

/// <summary>Settings of <see cref="NeuronTuning"/>.</summary>
public sealed record NeftSettings
{
    /// <summary>The share of all neurons that is trained.</summary>
    public double Share { get; init; } = 0.06;

    /// <summary>Learning rate of the short full fine-tuning by which neurons are chosen.</summary>
    public double ProbeRate { get; init; } = 1e-4;

    /// <summary>Which are trained.</summary>
    public NeuronChoice Choice { get; init; }
}

/// <summary>
/// Trains neurons: the weights and the bias of single outputs of the model's projections. A copy of the model is fine-tuned for a step on each of some examples; the
/// neurons whose weights then point farthest from where they did (the lowest cosine) are chosen, and trained from the weights that they had.
/// </summary>
[Technique("neft", Title = "Let's Focus on Neuron: Neuron-Level Supervised Fine-tuning for Large Language Model", Paper = "arXiv:2403.11621")]
public sealed class NeuronTuning : WholeModel
{
    /// <inheritdoc/>
    public override string Name => "neft";

    /// <inheritdoc/>
    public override void Prepare(Adapter adapter, IObjective objective, IReadOnlyList<PackedBatch> examples, ulong seed)
    {
        var settings = SettingsOf(adapter.Settings);
        DenseProjection[] projections = [.. adapter.Model.Projections.Select(slot => slot.Own).OfType<DenseProjection>()];
        if (settings.Choice != NeuronChoice.Random)
        {
            if (examples.Count == 0) throw CoppiceException.Usage("neft chooses by examples, and there are none");
            Probe(adapter, objective, examples, settings.ProbeRate, seed);
        }

        var random = new Philox(seed, 0);
        var neurons = projections.SelectMany(projection => Cosines(adapter, projection).Select((cosine, output) => (Projection: projection, Output: output, Cosine: cosine))).ToList();
        var ranks = neurons.Select((neuron, i) => settings.Choice switch
        {
            NeuronChoice.MostChanged => neuron.Cosine,
            NeuronChoice.LeastChanged => -neuron.Cosine,
            _ => random.UniformDouble((ulong)i),
        });
        // The order is stable: of equal ones those that come first.
        var chosen = neurons.Zip(ranks).OrderBy(pair => pair.Second).Take((int)Math.Ceiling(settings.Share * neurons.Count)).Select(pair => pair.First).ToList();
        adapter.CopyBase();
        var mask = new CoordinateMask(adapter.Parameters.Values.Count);
        foreach (var (projection, output, _) in chosen)
        {
            var weight = adapter.Parameters[projection.Weight.Name].Offset;
            for (var input = 0; input < projection.Inputs; input++) mask.Add(weight + PlaceOf(projection, output, input));
            if (projection.Bias is { } bias) mask.Add(adapter.Parameters[bias.Name].Offset + output);
        }

        adapter.Mask = mask;
    }

    internal override bool ChoosesByExamples => true;

    internal override AdapterTraining CreateTraining(AdapterParts parts, long steps) => new(new FixedMask(RequireMask(parts)), Penalty: null);

    private protected override void Check(AdapterSettings settings)
    {
        var neft = SettingsOf(settings);
        RequireShare(neft.Share);
        if (!(neft.ProbeRate > 0 && double.IsFinite(neft.ProbeRate))) throw CoppiceException.Usage("the learning rate by which neft chooses neurons has to be above 0");
    }

    private static NeftSettings SettingsOf(AdapterSettings settings) => settings.Neft ?? new NeftSettings();

    private static void Probe(Adapter adapter, IObjective objective, IReadOnlyList<PackedBatch> examples, double rate, ulong seed)
    {
        var optimizer = OptimizerRegistry.Create(adapter.Parameters, new OptimizerSection { WeightDecay = 0 });
        using var trainer = new Trainer(adapter.Model, objective, optimizer, seed, parameters: adapter.Parameters);
        for (var step = 0; step < examples.Count; step++)
        {
            var result = trainer.ComputeGradients([examples[step]], step);
            if (!result.IsFinite) throw new CoppiceException(FormattableString.Invariant($"example {step + 1}: the loss is {result.Loss}: no neurons can be chosen by it"));
            trainer.Apply(result, rate);
        }
    }

    /// <summary>The cosine of each neuron's weights before and after; 1 where there were none.</summary>
    private static double[] Cosines(Adapter adapter, DenseProjection projection)
    {
        var after = adapter.Parameters[projection.Weight.Name].Tensor.ToArray();
        var before = new float[after.Length];
        adapter.Model.Parameters.Values.CopyTo(projection.Weight.Offset, before);
        var cosines = new double[projection.Outputs];
        for (var output = 0; output < cosines.Length; output++)
        {
            var (product, first, second) = (0.0, 0.0, 0.0);
            for (var input = 0; input < projection.Inputs; input++)
            {
                var place = PlaceOf(projection, output, input);
                product += (double)before[place] * after[place];
                first += (double)before[place] * before[place];
                second += (double)after[place] * after[place];
            }

            cosines[output] = first == 0 || second == 0 ? 1 : product / Math.Sqrt(first * second);
        }

        return cosines;
    }

    /// <summary>Where a weight is in its matrix.</summary>
    private static int PlaceOf(DenseProjection projection, int output, int input) =>
        projection.Layout == WeightLayout.OutputsByInputs ? output * projection.Inputs + input : input * projection.Outputs + output;
}
