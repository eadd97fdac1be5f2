using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Objectives;

namespace Coppice.Adapters;

/// <summary>What a model makes of examples: the loss, and a head's numbers. Nothing is changed, and no dropout applies.</summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class TaskEvaluator : IDisposable
{
    // Of what an objective hides or draws: the same at each measurement, so that measurements can be compared.
    private const ulong Seed = 0;

    private readonly LanguageModel _model;
    private readonly int _batchTokens;
    private readonly Tape _tape;
    private readonly ModelInput _input;
    private readonly PackedBatch _scratch = new();

    /// <summary>An evaluator of a model.</summary>
    /// <param name="model">The model; it must outlive the evaluator.</param>
    /// <param name="batchTokens">Tokens of a packed batch: costs memory, changes no result but by rounding.</param>
    public TaskEvaluator(LanguageModel model, int batchTokens = 4096)
    {
        (_model, _batchTokens) = (model, batchTokens);
        _tape = new Tape(model.Backend) { Recording = false };
        _input = new ModelInput(model);
    }

    /// <summary>The mean loss of a counted target.</summary>
    /// <param name="objective">What the model is trained for.</param>
    /// <param name="examples">The examples.</param>
    /// <param name="cancellationToken">Ends it between two batches.</param>
    /// <exception cref="CoppiceException">The loss is not a finite number.</exception>
    public double Loss(IObjective objective, IReadOnlyList<TaskExample> examples, CancellationToken cancellationToken = default)
    {
        var (sum, counted, number) = (0.0, 0L, 0UL);
        Run(examples, packed =>
        {
            var batch = objective.Validation.Prepare(packed, _scratch, Seed, number);
            _tape.SeedRandom(Seed, number++);
            if (batch.CountedTokens > 0) sum += (double)objective.Validation.Loss(_tape, _model, _input, batch, 1f / batch.CountedTokens).Item * batch.CountedTokens;
            counted += batch.CountedTokens;
        }, cancellationToken);
        return double.IsFinite(sum) ? sum / Math.Max(1, counted) : throw NotFinite();
    }

    /// <summary>What a head makes of each example.</summary>
    /// <param name="objective">The objective of the head.</param>
    /// <param name="examples">The examples.</param>
    /// <param name="cancellationToken">Ends it between two batches.</param>
    /// <returns>[examples][rows][outputs]: one row for a document, or for a word; in their order.</returns>
    /// <exception cref="CoppiceException">A number is not finite.</exception>
    public IReadOnlyList<float[][]> Scores(HeadObjective objective, IReadOnlyList<TaskExample> examples, CancellationToken cancellationToken = default)
    {
        var (results, outputs) = (new List<float[][]>(examples.Count), objective.Head.Outputs);
        Run(examples, batch =>
        {
            var scores = objective.Scores(_tape, _model, _input, batch).ToArray();
            if (!scores.All(float.IsFinite)) throw NotFinite();
            var row = 0;
            for (var end = batch.Sources[batch.Count - 1] + 1; results.Count < end;)
            {
                var rows = objective.RowsOf(examples[results.Count]);
                results.Add([.. Enumerable.Range(row, rows).Select(r => scores[(r * outputs)..((r + 1) * outputs)])]);
                row += rows;
            }
        }, cancellationToken);
        return results;
    }

    /// <inheritdoc/>
    public void Dispose() => _tape.Dispose();

    private static CoppiceException NotFinite() => new("The model's numbers are not finite: its weights are damaged, or its training diverged.");

    private void Run(IReadOnlyList<TaskExample> examples, Action<PackedBatch> measure, CancellationToken cancellationToken)
    {
        foreach (var batch in TaskPacking.InOrder(examples, _batchTokens))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                measure(batch);
            }
            finally
            {
                _tape.Reset();
            }
        }
    }
}
