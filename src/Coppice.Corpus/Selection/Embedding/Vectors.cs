using System.Numerics;

namespace Coppice.Corpus.Selection;

/// <summary>Arithmetic on vectors.</summary>
internal static class Vectors
{
    // Sums of so many partial sums whatever the processor's registers hold, so that a result is the same on every machine.
    private const int Partials = 16;

    /// <summary>The inner product. Its order of summation is fixed.</summary>
    public static float Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var i = 0;
        var sum = 0f;
        if (Vector<float>.Count <= Partials && Partials % Vector<float>.Count == 0)
        {
            Span<float> partials = stackalloc float[Partials];
            var width = Vector<float>.Count;
            for (var offset = 0; offset < Partials; offset += width)
            {
                var total = Vector<float>.Zero;
                for (var j = offset; j + Partials - offset <= a.Length; j += Partials) total += new Vector<float>(a[j..]) * new Vector<float>(b[j..]);
                total.CopyTo(partials[offset..]);
            }

            foreach (var partial in partials) sum += partial;
            i = a.Length / Partials * Partials;
        }

        for (; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }
}
