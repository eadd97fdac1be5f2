using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>
/// What a model predicts of examples, kept to be learned from: its rows and a copy of what multiplies them, so that the model itself may go or be trained on. Takes the
/// memory of one float for each counted token and column.
/// </summary>
internal sealed class Teacher : IDisposable
{
    private readonly float[][] _rows;
    private readonly int _width;
    private readonly ParameterSet _head;

    private Teacher(float[][] rows, int width, ParameterSet head) => (_rows, _width, _head) = (rows, width, head);

    /// <summary>[classes, width].</summary>
    public Tensor Weight => _head["weight"].Tensor;

    /// <summary>[classes], or null.</summary>
    public Tensor? Bias => _head.TryGet("bias", out var bias) ? bias.Tensor : null;

    /// <summary>Asks a model.</summary>
    /// <param name="task">The model.</param>
    /// <param name="examples">Examples that it rendered.</param>
    /// <param name="batchTokens">Tokens of a batch.</param>
    /// <param name="cancellationToken">Ends it between two batches.</param>
    /// <exception cref="CoppiceException">The model's numbers are not finite.</exception>
    public static Teacher Of(TaskModel task, IReadOnlyList<TaskExample> examples, int batchTokens, CancellationToken cancellationToken)
    {
        var (rows, input, kept, width) = (new PredictionRows(task), new ModelInput(task.Model), new List<float[]>(), 0);
        using (var tape = new Tape(task.Model.Backend) { Recording = false })
        {
            foreach (var batch in TaskPacking.InOrder(examples, batchTokens))
            {
                cancellationToken.ThrowIfCancellationRequested();
                var x = rows.Compute(tape, input, batch);
                var values = x.ToArray();
                width = x.Columns;
                tape.Reset();
                if (!values.All(float.IsFinite)) throw new CoppiceException("The model's numbers are not finite: its weights are damaged, or its training diverged.");
                var place = 0;
                for (var end = batch.Sources[batch.Count - 1] + 1; kept.Count < end;)
                {
                    var next = place + examples[kept.Count].CountedTargets * width;
                    kept.Add(values[place..next]);
                    place = next;
                }
            }
        }

        return new Teacher([.. kept], width, Copy(rows, task.Model.Backend));
    }

    /// <summary>How many rows there are of an example.</summary>
    public int RowsOf(int example) => _rows[example].Length / _width;

    /// <summary>Some of its rows.</summary>
    /// <param name="tape">Holds them.</param>
    /// <param name="places">The number of the example, and of the row in it.</param>
    /// <returns>[places, width].</returns>
    public Tensor Rows(Tape tape, IReadOnlyList<(int Example, int Row)> places)
    {
        var values = new float[places.Count * _width];
        for (var i = 0; i < places.Count; i++) _rows[places[i].Example].AsSpan(places[i].Row * _width, _width).CopyTo(values.AsSpan(i * _width));
        return tape.Constant(new Shape(places.Count, _width), values);
    }

    /// <inheritdoc/>
    public void Dispose() => _head.Dispose();

    private static ParameterSet Copy(PredictionRows rows, Backend backend)
    {
        List<ParameterSpecification> specifications = [new("weight", rows.Weight.Shape)];
        if (rows.Bias is { } given) specifications.Add(new("bias", given.Shape));
        var head = new ParameterSet(backend, specifications, trainable: false);
        head["weight"].Tensor.CopyFrom(rows.Weight.ToArray());
        if (rows.Bias is { } bias) head["bias"].Tensor.CopyFrom(bias.ToArray());
        return head;
    }
}
