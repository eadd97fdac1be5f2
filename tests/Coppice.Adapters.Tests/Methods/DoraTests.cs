using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Tests.Methods;

public class DoraTests
{
    [Fact]
    public void One_row_gives_the_number_worked_out_by_hand()
    {
        // W (3, 4), B (1), A (0, 1), s 0.5, magnitude 5, x (1, 1): 5 · (3 + 4.5) / √(3² + 4.5²).
        using var backend = Backends.Create(1);
        using var weights = new ParameterSet(backend, [new("w.weight", new Shape(1, 2))], trainable: false);
        using var own = new ParameterSet(backend, [new("a", new Shape(1, 2)), new("b", new Shape(1, 1)), new("m", new Shape(1))], trainable: false);
        weights["w.weight"].Tensor.CopyFrom([3f, 4f]);
        own["a"].Tensor.CopyFrom([0f, 1f]);
        own["b"].Tensor.CopyFrom([1f]);
        own["m"].Tensor.CopyFrom([5f]);
        var delta = new DecomposedDelta(own["a"], own["b"], own["m"], scale: 0.5, squaredNorms: [25]);
        using var tape = new Tape(backend) { Recording = false };
        var y = delta.Forward(tape, new DenseProjection(weights, "w"), tape.Constant(new Shape(1, 2), [1f, 1f]), null);
        Assert.Equal(6.9337525, y.Item, 1e-6);
    }

    [Fact]
    public void Merged_rows_are_as_long_as_the_magnitudes()
    {
        using var adapted = new AdaptedModel("dora", "llama");
        adapted.Train();
        AdapterMerge.Into(adapted.Set, AdaptedModel.Name);
        foreach (var target in adapted.Adapter.Targets)
        {
            var magnitudes = adapted.Adapter.Parameters[target.Name + ".lora_magnitude_vector"].Tensor.ToArray();
            var weight = ((DenseProjection)target.Slot.Own).Weight.Tensor.ToArray();
            for (var row = 0; row < target.Outputs; row++)
            {
                var norm = Math.Sqrt(weight.AsSpan(row * target.Inputs, target.Inputs).ToArray().Sum(value => (double)value * value));
                Assert.Equal(Math.Abs(magnitudes[row]), norm, 1e-5 * norm);
            }
        }
    }
}
