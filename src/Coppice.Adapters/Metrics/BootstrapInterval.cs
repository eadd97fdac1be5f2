using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>
/// A metric with its 95 % interval, from examples drawn anew with replacement, as <see cref="Evaluation.PairedComparison"/> draws documents: how much of the number is
/// the luck of these examples.
/// </summary>
/// <param name="Value">The metric over all examples.</param>
/// <param name="Low">The lower end.</param>
/// <param name="High">The upper end.</param>
/// <param name="Examples">How many examples there are.</param>
public readonly record struct BootstrapInterval(double Value, double Low, double High, int Examples)
{
    private const int Resamples = 1000;
    private const double Tail = 0.025;

    /// <summary>Measures.</summary>
    /// <param name="guessed">What was guessed of each example.</param>
    /// <param name="right">What is right; as many, at least one.</param>
    /// <param name="metric">The metric, such as <see cref="Accuracy.Of"/>.</param>
    /// <param name="seed">Decides which examples are drawn.</param>
    /// <param name="cancellationToken">Ends it between two draws.</param>
    public static BootstrapInterval Of<T>(
        IReadOnlyList<T> guessed, IReadOnlyList<T> right, Func<IReadOnlyList<T>, IReadOnlyList<T>, double> metric, ulong seed = 0, CancellationToken cancellationToken = default)
    {
        Pairs.Check(guessed.Count, right.Count);
        var (someGuessed, someRight) = (new T[right.Count], new T[right.Count]);
        var values = new double[Resamples];
        for (var resample = 0; resample < Resamples; resample++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var random = new Philox(seed, (ulong)resample);
            for (var i = 0; i < right.Count; i++)
            {
                var drawn = random.Integer((ulong)i, right.Count);
                (someGuessed[i], someRight[i]) = (guessed[drawn], right[drawn]);
            }

            values[resample] = metric(someGuessed, someRight);
        }

        Array.Sort(values);
        const int Cut = (int)(Tail * Resamples);
        return new BootstrapInterval(metric(guessed, right), values[Cut], values[^(Cut + 1)], right.Count);
    }
}
