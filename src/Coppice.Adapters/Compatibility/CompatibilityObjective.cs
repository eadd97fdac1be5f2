using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Objectives;

namespace Coppice.Adapters;

/// <summary>
/// An updated model that keeps what the old one had right: where what it would answer now is wrong, it learns from the old model, and elsewhere from the new one as it was
/// trained for the task. The loss is the mean over the counted rows of m · KL(old ‖ model) + (1 - m) · KL(new ‖ model), with m = 1 where the model's own most probable
/// class is not the right one.
/// </summary>
[Technique("muscle", Title = "MUSCLE: A Model Update Strategy for Compatible LLM Evolution", Paper = "arXiv:2407.09435")]
internal sealed class CompatibilityObjective : IObjective, IDisposable
{
    private readonly PredictionRows _rows;
    private readonly Teacher _old;
    private readonly Teacher _new;
    private readonly Tape _scratch;

    /// <summary>An objective.</summary>
    /// <param name="task">The model that is trained.</param>
    /// <param name="old">The old model's predictions of the examples.</param>
    /// <param name="new">The new one's.</param>
    public CompatibilityObjective(TaskModel task, Teacher old, Teacher @new)
    {
        (_rows, _old, _new) = (new PredictionRows(task), old, @new);
        _scratch = new Tape(task.Model.Backend) { Recording = false };
    }

    /// <inheritdoc/>
    public bool MeasuresText => false;

    /// <inheritdoc/>
    public Tensor Loss(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch, float scale)
    {
        var x = _rows.Compute(tape, input, batch);
        var guesses = _rows.Guesses(_scratch, x.ToArray(), x.Columns);
        var (wrong, right) = (new Learned(), new Learned());
        var (example, place) = (-1, 0);
        for (var row = 0; row < guesses.Length; row++)
        {
            var source = batch.Sources[_rows.Rows[row]];
            // Where one epoch ends and another begins, an example may stand behind itself.
            place = source == example && place + 1 < _old.RowsOf(source) ? place + 1 : 0;
            example = source;
            (guesses[row] == _rows.Targets[row] ? right : wrong).Add(row, (source, place), _rows.Weights[row]);
        }

        return (wrong.Count, right.Count) switch
        {
            (0, _) => Divergence(tape, x, right, _new, scale),
            (_, 0) => Divergence(tape, x, wrong, _old, scale),
            _ => tape.Add(Divergence(tape, x, wrong, _old, scale), Divergence(tape, x, right, _new, scale)),
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _scratch.Dispose();

    private Tensor Divergence(Tape tape, Tensor x, Learned rows, Teacher teacher, float scale)
    {
        int[] own = [.. Enumerable.Range(0, rows.Count)];
        var pairs = new DistillationPairs(rows.Rows.ToArray(), own, rows.Weights.ToArray());
        return tape.HeadDistillation(x, _rows.Weight, teacher.Rows(tape, rows.Places), teacher.Weight, pairs, temperature: 1, scale, _rows.Bias, teacher.Bias);
    }

    /// <summary>Rows that learn from one teacher.</summary>
    private sealed class Learned
    {
        public List<int> Rows { get; } = [];

        public List<(int Example, int Row)> Places { get; } = [];

        public List<float> Weights { get; } = [];

        public int Count => Rows.Count;

        public void Add(int row, (int Example, int Row) place, float weight)
        {
            Rows.Add(row);
            Places.Add(place);
            Weights.Add(weight);
        }
    }
}
