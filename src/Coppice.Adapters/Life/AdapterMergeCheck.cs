using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>How far a merged model is from its base with the adapter on.</summary>
/// <param name="Error">The largest difference of a logit (of an encoder, of a hidden state), against the largest of them.</param>
/// <param name="Passed">Whether it is within <see cref="Tolerance"/>.</param>
public sealed record AdapterMergeCheck(double Error, bool Passed)
{
    /// <summary>The largest error that rounding explains: sums in another order, in float32.</summary>
    public const double Tolerance = 1e-5;

    private const int ProbeTokens = 64;

    /// <summary>Merges an adapter, compares what both compute from tokens drawn at random, and undoes the merge.</summary>
    /// <param name="set">The adapters of the base. None is on afterwards.</param>
    /// <param name="name">Which is merged.</param>
    /// <exception cref="Foundation.CoppiceException">It can't be merged.</exception>
    public static AdapterMergeCheck Of(AdapterSet set, string name)
    {
        set.Activate(name);
        var unmerged = Compute(set.Model);
        var merge = AdapterMerge.Into(set, name);
        var merged = Compute(set.Model);
        merge.Undo();
        var (error, largest) = (0.0, 0.0);
        for (var i = 0; i < unmerged.Length; i++)
        {
            // Math.Max keeps what is no number.
            error = Math.Max(error, Math.Abs((double)unmerged[i] - merged[i]));
            largest = Math.Max(largest, Math.Abs((double)unmerged[i]));
        }

        error = largest > 0 ? error / largest : error;
        return new AdapterMergeCheck(error, error <= Tolerance);
    }

    private static float[] Compute(LanguageModel model)
    {
        var random = new Philox(seed: 0, stream: 0);
        var count = Math.Min(ProbeTokens, model.Configuration.MaxPositions);
        int[] tokens = [.. Enumerable.Range(0, count).Select(i => random.Integer((ulong)i, model.Configuration.VocabularySize))];
        using var tape = new Tape(model.Backend) { Recording = false };
        var input = new ModelInput(model);
        input.Set(tape, tokens, [.. Enumerable.Range(0, count)], [0, count], training: false);
        var hidden = model.Hidden(tape, input);
        return (model.Configuration.IsCausal ? model.Logits(tape, hidden) : hidden).ToArray();
    }
}
