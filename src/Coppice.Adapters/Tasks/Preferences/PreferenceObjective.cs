using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Objectives;

namespace Coppice.Adapters;

/// <summary>Learning from preferences: from the log-probabilities of an example's two answers to the loss. Batches are those of <see cref="PreferenceRendering"/>.</summary>
public abstract class PreferenceObjective : IObjective
{
    private readonly AnswerRows _rows = new();
    private readonly IReadOnlyList<double[]>? _reference;

    /// <summary>An objective.</summary>
    /// <param name="reference">Log-probabilities under the model that training began from [examples][2]; null where none are needed.</param>
    private protected PreferenceObjective(IReadOnlyList<double[]>? reference) => _reference = reference;

    /// <inheritdoc/>
    public bool MeasuresText => false;

    /// <summary>
    /// Log-probabilities of the answers of examples under a model as it is: to be taken of the model that training begins from, before its first step.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="examples">The examples.</param>
    /// <param name="batchTokens">The most tokens of a batch.</param>
    /// <returns>[examples][documents].</returns>
    /// <exception cref="CoppiceException">The model is an encoder, or its numbers are not finite.</exception>
    public static IReadOnlyList<double[]> LogProbabilities(LanguageModel model, IReadOnlyList<TaskExample> examples, int batchTokens = 4096)
    {
        model.RequireCausal("answer a prompt");
        using var tape = new Tape(model.Backend) { Recording = false };
        var (input, rows, found) = (new ModelInput(model), new AnswerRows(), new List<double>());
        foreach (var batch in TaskPacking.InOrder(examples, batchTokens))
        {
            rows.Find(batch);
            input.Set(tape, batch);
            found.AddRange(rows.Probabilities(tape, model, input, rows.Gather(tape, model.Hidden(tape, input))).Select(answer => answer.LogProbability));
            tape.Reset();
        }

        if (!found.All(double.IsFinite)) throw new CoppiceException("The model's numbers are not finite: its weights are damaged, or its training diverged.");
        var next = 0;
        return [.. examples.Select(example => example.Documents.Select(_ => found[next++]).ToArray())];
    }

    /// <inheritdoc/>
    public Tensor Loss(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch, float scale)
    {
        model.RequireCausal("answer a prompt");
        input.Set(tape, batch);
        _rows.Find(batch);
        var gathered = _rows.Gather(tape, model.Hidden(tape, input));
        var answers = _rows.Probabilities(tape, model, input, gathered);
        for (var document = 0; document < answers.Length; document++)
        {
            if (_reference is not null) answers[document] = answers[document] with { Reference = _reference[ExampleOf(batch, document)][document % 2] };
        }

        var slopes = new double[answers.Length];
        var loss = Loss(batch, answers, slopes);
        return _rows.Loss(tape, model, input, gathered, loss, slopes, scale);
    }

    /// <summary>The number of a document's example.</summary>
    private protected static int ExampleOf(PackedBatch batch, int document) => batch.Sources[batch.CumulativeLengths[document]];

    /// <summary>The sum of the losses of the examples, and its derivatives.</summary>
    private protected abstract double Loss(PackedBatch batch, AnswerProbability[] answers, double[] slopes);
}

/// <summary>Learning from pairs of answers; batches of <see cref="PreferenceRendering.Pairs"/>.</summary>
public sealed class PairObjective : PreferenceObjective
{
    private readonly IPairLoss _loss;

    /// <summary>An objective.</summary>
    /// <param name="loss">What a preference is worth.</param>
    /// <param name="reference">Of <see cref="PreferenceObjective.LogProbabilities"/>, for the same examples; needed where the loss says so.</param>
    public PairObjective(IPairLoss loss, IReadOnlyList<double[]>? reference = null)
        : base(reference)
    {
        if (loss.NeedsReference) ArgumentNullException.ThrowIfNull(reference);
        _loss = loss;
    }

    private protected override double Loss(PackedBatch batch, AnswerProbability[] answers, double[] slopes)
    {
        var sum = 0.0;
        for (var document = 0; document < answers.Length; document += 2)
        {
            var pair = _loss.Of(answers[document], answers[document + 1]);
            (slopes[document], slopes[document + 1]) = (pair.Chosen, pair.Rejected);
            sum += pair.Loss;
        }

        return sum;
    }
}

/// <summary>Learning from answers that were judged one by one; batches of <see cref="PreferenceRendering.Judged"/>.</summary>
/// <param name="loss">The loss of an answer.</param>
/// <param name="desirable">Whether each rendered example's answer is as it should be.</param>
/// <param name="reference">Of <see cref="PreferenceObjective.LogProbabilities"/>, for the same examples.</param>
/// <remarks>What chance gains is measured over a micro-batch: the fewer examples that has, the noisier it is.</remarks>
public sealed class JudgedObjective(KahnemanTverskyLoss loss, IReadOnlyList<bool> desirable, IReadOnlyList<double[]> reference) : PreferenceObjective(reference)
{
    private protected override double Loss(PackedBatch batch, AnswerProbability[] answers, double[] slopes)
    {
        var baseline = KahnemanTverskyLoss.Baseline([.. answers.Where((_, document) => document % 2 == 1)]);
        var sum = 0.0;
        for (var document = 0; document < answers.Length; document += 2)
        {
            (var value, slopes[document]) = loss.Of(answers[document], desirable[ExampleOf(batch, document)], baseline);
            sum += value;
        }

        return sum;
    }
}
