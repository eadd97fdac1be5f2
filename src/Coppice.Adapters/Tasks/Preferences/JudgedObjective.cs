using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>Learning from answers that were judged one by one; batches of <see cref="PreferenceRendering.Judged"/>.</summary>
/// <param name="loss">The loss of an answer.</param>
/// <param name="desirable">Whether each rendered example's answer is as it should be.</param>
/// <param name="reference">Of <see cref="PreferenceObjective.LogProbabilities"/>, for the same examples.</param>
/// <remarks>
/// What chance gains (z) is one number for a step, whatever its micro-batches: where there are several, each is read once more beforehand, without a backward pass. The
/// mismatched answers stand in the data, so that their reference is computed once; the paper takes them from the batch, which on average is the same.
/// </remarks>
public sealed class JudgedObjective(KahnemanTverskyLoss loss, IReadOnlyList<bool> desirable, IReadOnlyList<double[]> reference) : PreferenceObjective(reference)
{
    // The micro-batches of a step are all prepared before the first loss.
    private readonly List<PackedBatch> _step = [];
    private bool _begun;
    private double? _baseline;

    /// <inheritdoc/>
    public override PackedBatch Prepare(PackedBatch batch, PackedBatch scratch, ulong seed, ulong number)
    {
        if (_begun) _step.Clear();
        (_begun, _baseline) = (false, null);
        _step.Add(batch);
        return batch;
    }

    private protected override void Begin(Tape tape, LanguageModel model, ModelInput input)
    {
        _begun = true;
        if (_step.Count < 2 || _baseline is not null) return;
        var recording = tape.Recording;
        tape.Recording = false;
        _baseline = KahnemanTverskyLoss.Baseline([.. _step.SelectMany(batch => Mismatched(Answers(tape, model, input, batch, Gather(tape, model, input, batch))))]);
        tape.Recording = recording;
    }

    private protected override double Loss(PackedBatch batch, AnswerProbability[] answers, double[] slopes)
    {
        var baseline = _baseline ?? KahnemanTverskyLoss.Baseline([.. Mismatched(answers)]);
        var sum = 0.0;
        for (var document = 0; document < answers.Length; document += 2)
        {
            (var value, slopes[document]) = loss.Of(answers[document], desirable[ExampleOf(batch, document)], baseline);
            sum += value;
        }

        return sum;
    }

    private static IEnumerable<AnswerProbability> Mismatched(AnswerProbability[] answers) => answers.Where((_, document) => document % 2 == 1);
}
