namespace Coppice.Corpus.Selection;

/// <summary>k-means by cosine: centroids of length 1, each document with the one of the highest cosine. Deterministic, whatever the number of threads.</summary>
internal static class SphericalKMeans
{
    private const ulong SampleStream = 0x4B4D45414E53;

    // As many documents a centroid as k-means libraries take: more hardly move it.
    private const int SamplePerCentroid = 100;
    private const int RowsOfATask = 256;

    /// <summary>The cluster of a row, and the cosine with its centroid.</summary>
    public readonly record struct Membership(int Cluster, float Cosine);

    /// <summary>Finds centroids on a sample of the rows, then the cluster of each row.</summary>
    /// <param name="table">The vectors.</param>
    /// <param name="rows">Which rows.</param>
    /// <param name="clusters">How many clusters, at most as many as rows.</param>
    /// <param name="iterations">How often centroids are moved at most.</param>
    /// <param name="seed">The seed of the sample.</param>
    /// <param name="cancellation">Stops.</param>
    /// <returns>[rows].</returns>
    public static Membership[] Cluster(EmbeddingTable table, IReadOnlyList<int> rows, int clusters, int iterations, ulong seed, CancellationToken cancellation)
    {
        var dimensions = table.Dimensions;
        var order = new KeyedPermutation(rows.Count, CounterRandom.Bits(seed, SampleStream, 0));
        var sampled = (int)Math.Min(rows.Count, (long)clusters * SamplePerCentroid);
        var sample = table.Read([.. Enumerable.Range(0, sampled).Select(i => rows[(int)order[i]])]);
        var centroids = sample[..(clusters * dimensions)];
        var memberships = new Membership[sampled];
        for (var iteration = 0; iteration < iterations; iteration++)
        {
            var moved = 0;
            ForRows(sampled, row =>
            {
                var now = Nearest(sample.AsSpan(row * dimensions, dimensions), centroids, dimensions);
                if (now.Cluster != memberships[row].Cluster) Interlocked.Increment(ref moved);
                memberships[row] = now;
            }, cancellation);
            if (moved == 0 && iteration > 0) break;
            Move(sample, memberships, centroids, dimensions);
        }

        var result = new Membership[rows.Count];
        ForRows(rows.Count, row =>
        {
            Span<float> vector = stackalloc float[dimensions];
            table.Read(rows[row], vector);
            result[row] = Nearest(vector, centroids, dimensions);
        }, cancellation);
        return result;
    }

    private static void ForRows(int rows, Action<int> visit, CancellationToken cancellation) =>
        Parallel.For(0, (rows + RowsOfATask - 1) / RowsOfATask, new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount }, task =>
        {
            for (var row = task * RowsOfATask; row < Math.Min(rows, (task + 1) * RowsOfATask); row++) visit(row);
        });

    private static Membership Nearest(ReadOnlySpan<float> vector, float[] centroids, int dimensions)
    {
        var best = new Membership(0, float.NegativeInfinity);
        for (var cluster = 0; cluster * dimensions < centroids.Length; cluster++)
        {
            var cosine = Vectors.Dot(vector, centroids.AsSpan(cluster * dimensions, dimensions));
            if (cosine > best.Cosine) best = new Membership(cluster, cosine);
        }

        return best;
    }

    // A centroid without a member stays where it is.
    private static void Move(float[] sample, Membership[] memberships, float[] centroids, int dimensions)
    {
        var sums = new float[centroids.Length];
        for (var row = 0; row < memberships.Length; row++)
        {
            var sum = sums.AsSpan(memberships[row].Cluster * dimensions, dimensions);
            for (var i = 0; i < dimensions; i++) sum[i] += sample[row * dimensions + i];
        }

        for (var cluster = 0; cluster * dimensions < centroids.Length; cluster++)
        {
            var sum = sums.AsSpan(cluster * dimensions, dimensions);
            var length = MathF.Sqrt(Vectors.Dot(sum, sum));
            if (!(length > 1e-6f)) continue;
            for (var i = 0; i < dimensions; i++) centroids[cluster * dimensions + i] = sum[i] / length;
        }
    }
}
