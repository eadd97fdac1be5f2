using Coppice.Foundation;

namespace Coppice.Tensors;

/// <summary>Inverted dropout with counter-based masks: the backward pass draws the same mask again instead of keeping it.</summary>
[Technique("dropout", Title = "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", Paper = "jmlr:v15/srivastava14a")]
public static unsafe class DropoutOperation
{
    /// <summary>Zeroes elements at random and scales the others by 1 / (1 - p). With p = 0, or outside training, returns <paramref name="x"/> itself.</summary>
    /// <param name="tape">The tape; its random seed and step name the mask.</param>
    /// <param name="x">Any shape.</param>
    /// <param name="probability">p, in [0, 1).</param>
    /// <param name="training">Whether the model is training; without it nothing is dropped.</param>
    /// <returns>The same shape.</returns>
    public static Tensor Dropout(this Tape tape, Tensor x, float probability, bool training)
    {
        if (!(probability >= 0 && probability < 1)) throw new ArgumentOutOfRangeException(nameof(probability), probability, "A probability in [0, 1) is needed.");
        if (probability == 0 || !training) return x;
        var random = tape.NextRandom();
        var y = tape.NewTensor(x.Shape, x.RequiresGradient);
        tape.Backend.Dropout(x.Count, x.Data, y.Data, probability, random, accumulate: false);
        if (!y.RequiresGradient) return y;
        var operation = tape.Rent<Recorded>();
        (operation.X, operation.Probability, operation.Random) = (x, probability, random);
        tape.Record(operation, y);
        return y;
    }

    private sealed class Recorded : Operation
    {
        public Tensor? X { get; set; }

        public float Probability { get; set; }

        public Philox Random { get; set; }

        internal override void Backward(Tape tape)
        {
            var dx = tape.Gradient(X!, out var accumulate);
            tape.Backend.Dropout(X!.Count, Output.Gradient, dx, Probability, Random, accumulate);
        }

        internal override void Clear() => X = null;
    }
}
