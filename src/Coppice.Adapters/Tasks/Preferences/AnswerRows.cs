using System.Runtime.InteropServices;
using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>
/// The tokens of answers in a batch: those with a weight other than 0. Log-probabilities of whole answers, and the loss of any function of those: its derivatives are the
/// weights of a cross-entropy. One object serves every step.
/// </summary>
internal sealed class AnswerRows
{
    private readonly List<int> _rows = [];
    private readonly List<int> _targets = [];

    // Where the rows of each document begin, and behind the last.
    private readonly List<int> _starts = [];

    /// <summary>Finds the tokens.</summary>
    /// <param name="batch">The batch.</param>
    public void Find(PackedBatch batch)
    {
        _rows.Clear();
        _targets.Clear();
        _starts.Clear();
        for (var document = 0; document < batch.DocumentCount; document++)
        {
            _starts.Add(_rows.Count);
            for (var row = batch.CumulativeLengths[document]; row < batch.CumulativeLengths[document + 1]; row++)
            {
                if (batch.Weights[row] == 0) continue;
                _rows.Add(row);
                _targets.Add(batch.Targets[row]);
            }
        }

        _starts.Add(_rows.Count);
    }

    /// <summary>Their rows of the hidden states.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="hidden">[tokens of the batch, hidden].</param>
    public Tensor Gather(Tape tape, Tensor hidden) => tape.Embedding(tape.Integers(CollectionsMarshal.AsSpan(_rows)), hidden);

    /// <summary>Log-probability and length of each document's answer. Nothing is recorded.</summary>
    /// <param name="tape">Holds the numbers until its reset.</param>
    /// <param name="model">The model.</param>
    /// <param name="input">Checks the targets.</param>
    /// <param name="gathered">Of <see cref="Gather"/>.</param>
    public AnswerProbability[] Probabilities(Tape tape, LanguageModel model, ModelInput input, Tensor gathered)
    {
        var (recording, shape, ones) = (tape.Recording, new Shape(_rows.Count), new float[_rows.Count]);
        Array.Fill(ones, 1);
        tape.Recording = false;
        var losses = tape.Constant(shape, ones);
        model.CrossEntropy(tape, gathered, input.Targets(tape, CollectionsMarshal.AsSpan(_targets)), tape.Constant(shape, ones), new CrossEntropyOptions(1), losses);
        tape.Recording = recording;
        var nats = losses.ToArray();
        var answers = new AnswerProbability[_starts.Count - 1];
        for (var document = 0; document < answers.Length; document++)
        {
            var sum = 0.0;
            for (var row = _starts[document]; row < _starts[document + 1]; row++) sum -= nats[row];
            answers[document] = new AnswerProbability(sum, _starts[document + 1] - _starts[document]);
        }

        return answers;
    }

    /// <summary>A loss with given derivatives.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="model">The model.</param>
    /// <param name="input">Checks the targets.</param>
    /// <param name="gathered">Of <see cref="Gather"/>.</param>
    /// <param name="loss">The loss of the batch.</param>
    /// <param name="slopes">Its derivative by the log-probability of each document's answer.</param>
    /// <param name="scale">Multiplies the loss.</param>
    /// <returns>[1].</returns>
    public Tensor Loss(Tape tape, LanguageModel model, ModelInput input, Tensor gathered, double loss, double[] slopes, float scale)
    {
        var weights = new float[_rows.Count];
        for (var document = 0; document < slopes.Length; document++) weights.AsSpan(_starts[document].._starts[document + 1]).Fill((float)-slopes[document]);
        var weighted = model.CrossEntropy(
            tape, gathered, input.Targets(tape, CollectionsMarshal.AsSpan(_targets)), tape.Constant(new Shape(weights.Length), weights), new CrossEntropyOptions(scale));
        // The gradient is right; the value is that of the linear part.
        return tape.Add(weighted, tape.Constant(new Shape(1), [(float)(loss * scale - weighted.Item)]));
    }
}
