using Coppice.Foundation;

namespace Coppice.Tensors;

/// <summary>A random matrix P [outputs, inputs] that is never formed, and preserves lengths on average: E‖P x‖² = ‖x‖². See <see cref="FastfoodArguments"/>.</summary>
[Technique("fastfood", Title = "Fastfood - Approximating Kernel Expansions in Loglinear Time", Paper = "arXiv:1408.3060")]
public sealed class FastfoodMap
{
    /// <summary>Draws a map.</summary>
    /// <param name="random">Decides over it.</param>
    /// <param name="inputs">Columns of P. Of more than the power of two at or above <paramref name="outputs"/>, the rest is multiplied by zero.</param>
    /// <param name="outputs">Rows of P.</param>
    public FastfoodMap(Philox random, int inputs, int outputs)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inputs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(outputs);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(outputs, 1 << 30);
        (Random, Inputs, Outputs) = (random, inputs, outputs);
        var size = FastfoodArguments.SizeOf(outputs);
        var squares = 0.0;
        for (var i = 0; i < size; i++)
        {
            double normal = FastfoodArguments.Normal(random, i);
            squares += normal * normal;
        }

        Factor = (float)(1 / (Math.Sqrt(size * squares) * Math.Sqrt((double)outputs / size)));
    }

    /// <summary>Columns of P.</summary>
    public int Inputs { get; }

    /// <summary>Rows of P.</summary>
    public int Outputs { get; }

    internal Philox Random { get; }

    /// <summary>Multiplies the unscaled map.</summary>
    internal float Factor { get; }
}

/// <summary>y = P · x for a random P.</summary>
public static unsafe class FastfoodOperation
{
    /// <summary>Maps few numbers to many.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">As many values as the map has inputs, of any shape.</param>
    /// <param name="map">The map.</param>
    /// <param name="shape">What the outputs are to be seen as: as many values as the map has outputs.</param>
    /// <returns>Of that shape.</returns>
    public static Tensor Fastfood(this Tape tape, Tensor x, FastfoodMap map, Shape shape)
    {
        Require.That(x.Count == map.Inputs && shape.Count == map.Outputs, "fastfood", x.Shape, shape);
        var y = tape.NewTensor(shape, x.RequiresGradient);
        Run(tape, map, x.Data, y.Data, transposed: false, accumulate: false);
        if (!y.RequiresGradient) return y;
        var operation = tape.Rent<Recorded>();
        (operation.X, operation.Map) = (x, map);
        tape.Record(operation, y);
        return y;
    }

    private static void Run(Tape tape, FastfoodMap map, float* x, float* y, bool transposed, bool accumulate)
    {
        var room = tape.NewFloats(2L * FastfoodArguments.SizeOf(map.Outputs));
        tape.Backend.Fastfood(new FastfoodArguments
        {
            Inputs = map.Inputs, Outputs = map.Outputs, Random = map.Random, Factor = map.Factor,
            X = x, Y = y, Room = room, Transposed = transposed, Accumulate = accumulate,
        });
        tape.Free(room);
    }

    private sealed class Recorded : Operation
    {
        public Tensor? X { get; set; }

        public FastfoodMap? Map { get; set; }

        // dx = Pᵀ · dy.
        internal override void Backward(Tape tape)
        {
            var dx = tape.Gradient(X!, out var accumulate);
            Run(tape, Map!, Output.Gradient, dx, transposed: true, accumulate);
        }

        internal override void Clear() => (X, Map) = (null, null);
    }
}
