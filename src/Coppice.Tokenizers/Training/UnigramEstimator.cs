using Coppice.Tokenizers.Models;

namespace Coppice.Tokenizers.Training;

/// <summary>Estimates how probable the pieces of a Unigram model are, and takes out those whose loss costs the text the least.</summary>
/// <param name="words">The text.</param>
/// <param name="threads">The threads.</param>
/// <param name="cancellation">Stops it.</param>
internal sealed class UnigramEstimator(UnigramWords words, int threads, CancellationToken cancellation)
{
    // The words are summed up in so many parts, and these in order, so that the sums don't depend on the number of threads.
    private const int Parts = 8;

    // Pieces that the text is expected to have less often are dropped.
    private const double LeastExpected = 0.5;

    /// <summary>One round of expectation maximisation.</summary>
    /// <param name="pieces">The pieces with their logarithmic probabilities.</param>
    /// <returns>Those that are left, with new ones.</returns>
    public List<UnigramPiece> Estimate(List<UnigramPiece> pieces)
    {
        var expected = Sum(pieces, (lattice, word, count, sums) => lattice.AddExpected(word, count, sums));
        var kept = Enumerable.Range(0, pieces.Count).Where(id => expected[id] >= LeastExpected).ToList();
        // Not the maximum likelihood but the mean of a Dirichlet process's variational posterior, which keeps fewer rare pieces.
        var logSum = Digamma(kept.Sum(id => expected[id]));
        return kept.ConvertAll(id => pieces[id] with { Score = Digamma(expected[id]) - logSum });
    }

    /// <summary>Takes out the pieces whose likelihood is best made up for by the pieces that they are put together of.</summary>
    /// <param name="pieces">The pieces.</param>
    /// <param name="size">How many are to be left.</param>
    public List<UnigramPiece> Prune(List<UnigramPiece> pieces, int size)
    {
        var frequency = Sum(pieces, (lattice, word, count, sums) => lattice.AddBest(word, count, sums));
        var sum = frequency.Sum();
        var logSum = Math.Log(sum);
        var lattice = new UnigramLattice(pieces);
        var kept = new List<int>();
        var candidates = new List<(int Id, double Loss)>();
        var alternative = new List<int>();
        for (var id = 0; id < pieces.Count; id++)
        {
            if (id % 10_000 == 0) cancellation.ThrowIfCancellationRequested();
            if (!lattice.FindAlternative(pieces[id].Text, id, alternative, out var isBest))
            {
                kept.Add(id);
                continue;
            }

            // Never used, or no longer the best way to write itself.
            if (!isBest || frequency[id] == 0) continue;
            var logSumWithout = Math.Log(sum + frequency[id] * (alternative.Count - 1));
            var without = alternative.Sum(other => Math.Log(frequency[other] + frequency[id]) - logSumWithout);
            candidates.Add((id, frequency[id] * (Math.Log(frequency[id]) - logSum - without)));
        }

        candidates.Sort((a, b) => a.Loss != b.Loss ? b.Loss.CompareTo(a.Loss) : a.Id.CompareTo(b.Id));
        kept.AddRange(candidates.Take(Math.Max(0, size - kept.Count)).Select(candidate => candidate.Id));
        kept.Sort();
        return kept.ConvertAll(id => pieces[id]);
    }

    private double[] Sum(List<UnigramPiece> pieces, Action<UnigramLattice, string, double, double[]> add)
    {
        var shared = new UnigramLattice(pieces);
        var sums = new double[Parts][];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, threads), CancellationToken = cancellation };
        Parallel.For(0, Parts, parallel, part =>
        {
            var lattice = new UnigramLattice(shared);
            sums[part] = new double[pieces.Count];
            for (var w = part; w < words.Texts.Length; w += Parts)
            {
                if (w % 65_536 < Parts) cancellation.ThrowIfCancellationRequested();
                add(lattice, words.Texts[w], words.Counts[w], sums[part]);
            }
        });

        var total = new double[pieces.Count];
        foreach (var part in sums)
        {
            for (var id = 0; id < total.Length; id++) total[id] += part[id];
        }

        return total;
    }

    // The derivative of the logarithm of the gamma function: its recurrence up to 7, and then its asymptotic series around x - 1/2.
    private static double Digamma(double x)
    {
        var result = 0.0;
        for (; x < 7; x++) result -= 1 / x;
        x -= 0.5;
        var square = 1 / (x * x);
        return result + Math.Log(x) + square * (1.0 / 24 - square * (7.0 / 960 - square * (31.0 / 8064 - square * (127.0 / 30720))));
    }
}
