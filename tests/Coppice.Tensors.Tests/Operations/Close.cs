namespace Coppice.Tensors.Tests.Operations;

/// <summary>Comparison of computed numbers with the ones they should be.</summary>
internal static class Close
{
    /// <summary>‖actual - expected‖ / ‖expected‖ is at most the tolerance, and so is every single error relative to the largest value.</summary>
    public static void Relative(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        double errors = 0, squares = 0, worst = 0, largest = 0;
        for (var i = 0; i < expected.Length; i++)
        {
            var error = (double)actual[i] - expected[i];
            errors += error * error;
            squares += (double)expected[i] * expected[i];
            worst = Math.Max(worst, Math.Abs(error));
            largest = Math.Max(largest, Math.Abs(expected[i]));
        }

        // Written so that NaN fails.
        Assert.True(errors <= tolerance * tolerance * squares, $"{what}: relative error {Math.Sqrt(errors / squares):g3}, allowed {tolerance:g3}");
        Assert.True(worst <= 8 * tolerance * largest, $"{what}: largest error {worst:g3} where the largest value is {largest:g3}");
    }
}
