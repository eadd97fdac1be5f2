using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>
/// Which of several answers is right: the head gives each answer, read together with the question, one number, and the softmax over the answers of a question is learned by
/// cross-entropy. Questions may have different numbers of answers.
/// </summary>
public sealed class MultipleChoiceObjective : HeadObjective
{
    // Instead of a score where a question has fewer answers than another: its exponential is 0.
    private const float NoAnswer = -1e9f;

    private readonly Pooling _pooling;

    /// <summary>An objective.</summary>
    /// <param name="head">One output.</param>
    /// <param name="pooling">Which hidden state stands for an answer.</param>
    public MultipleChoiceObjective(TaskHead head, Pooling pooling)
        : base(head)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(head.Outputs, 1);
        _pooling = pooling;
    }

    /// <inheritdoc/>
    public override Tensor Scores(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch) => DocumentScores(tape, model, input, batch, _pooling);

    /// <inheritdoc/>
    public override Tensor Loss(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch, float scale)
    {
        var (numbers, counts) = DocumentTargets(batch);
        // An answer with the number 0 begins a question.
        int[] starts = [.. Enumerable.Range(0, numbers.Length).Where(document => numbers[document] == 0), numbers.Length];
        var (questions, most) = (starts.Length - 1, 0);
        for (var q = 0; q < questions; q++) most = Math.Max(most, starts[q + 1] - starts[q]);
        var (places, right, weights) = (new int[questions * most], new int[questions], new float[questions]);
        for (var q = 0; q < questions; q++)
        {
            for (var choice = 0; choice < most; choice++)
            {
                var document = starts[q] + choice;
                var exists = document < starts[q + 1];
                places[q * most + choice] = exists ? document : numbers.Length;
                if (exists && counts[document] > 0) (right[q], weights[q]) = (choice, counts[document]);
            }
        }

        var scores = tape.ConcatenateRows(Scores(tape, model, input, batch), tape.Constant(new Shape(1, 1), [NoAnswer]));
        var table = tape.Reshape(tape.Embedding(tape.Integers(places), scores), new Shape(questions, most));
        return tape.CrossEntropy(table, tape.Integers(right), tape.Constant(new Shape(questions), weights), new CrossEntropyOptions(scale));
    }
}
