using Coppice.Tensors;

namespace Coppice.Evaluation.Tests.Probing;

public sealed class SoftmaxRegressionTests
{
    private const int Rows = 300;
    private const int Columns = 3;

    [Fact]
    public void Labels_that_a_plane_parts_are_learned_and_a_column_that_says_nothing_does_no_harm()
    {
        var (rows, labels) = Parted(shift: 1000);
        using var backend = Backends.Create(threads: 2);
        Assert.Equal(labels, SoftmaxRegression.Fit(backend, rows, Columns, labels, 3).Predict(rows));
    }

    [Fact]
    public void The_share_of_labels_is_guessed_where_nothing_else_is_known()
    {
        int[] labels = [.. Enumerable.Range(0, Rows).Select(i => i % 10 < 6 ? 2 : i % 2)];
        using var backend = Backends.Create(threads: 2);
        var guesses = SoftmaxRegression.Fit(backend, new float[Rows * Columns], Columns, labels, 3).Predict(new float[Columns]);
        Assert.Equal([2], guesses);
    }

    [Fact]
    public void The_number_of_threads_changes_nothing()
    {
        var (rows, labels) = Parted(shift: 0);
        // Nothing is certain, so that every digit counts for some row.
        for (var i = 0; i < labels.Length; i += 7) labels[i] = (labels[i] + 1) % 3;
        int[] Guesses(int threads)
        {
            using var backend = Backends.Create(threads);
            return SoftmaxRegression.Fit(backend, rows, Columns, labels, 3).Predict(rows);
        }

        Assert.Equal(Guesses(1), Guesses(3));
    }

    [Fact]
    public void The_minimum_of_a_function_that_is_steep_in_one_direction_and_flat_in_another_is_found()
    {
        var found = LimitedMemoryBfgs.Minimise(
            3,
            (x, gradient) =>
            {
                double[] steepness = [1e4, 1, 1e-2];
                var value = 0.0;
                for (var i = 0; i < 3; i++)
                {
                    value += steepness[i] * Math.Pow(x[i] - (i + 1), 2) / 2;
                    gradient[i] = steepness[i] * (x[i] - (i + 1));
                }

                return value;
            },
            tolerance: 1e-9);
        Assert.Equal([1.0, 2.0, 3.0], found, (a, b) => Math.Abs(a - b) < 1e-6);
    }

    private static (float[] Rows, int[] Labels) Parted(float shift)
    {
        var random = new Philox(3, 3);
        var (rows, labels) = (new float[Rows * Columns], new int[Rows]);
        for (var i = 0; i < Rows; i++)
        {
            var (x, y) = (random.Normal((ulong)(2 * i)), random.Normal((ulong)(2 * i + 1)));
            labels[i] = x > 0.5f ? 0 : x > y ? 1 : 2;
            // A gap between the classes.
            (rows[i * Columns], rows[i * Columns + 1], rows[i * Columns + 2]) = (labels[i] == 0 ? x + 1 : x, labels[i] == 2 ? y + 1 : y, shift);
        }

        return (rows, labels);
    }
}
