using Coppice.Continual.MixtureLaws;

namespace Coppice.Continual.Tests.MixtureLaws;

public class HuberFitTests
{
    [Fact]
    public void The_curved_valley_of_Rosenbrock_is_followed_to_its_end()
    {
        var found = HuberFit.Minimize(
            (at, residuals) =>
            {
                residuals[0] = 10 * (at[1] - at[0] * at[0]);
                residuals[1] = 1 - at[0];
            },
            2, [[-1.2, 1]], 1e9);
        Assert.Equal(1, found.Constants[0], 1e-6);
        Assert.Equal(1, found.Constants[1], 1e-6);
    }

    [Fact]
    public void The_best_of_several_minima_is_taken()
    {
        // Freudenstein and Roth's function: a local minimum at (11.41, -0.897) with squares of 48.98, the global one at (5, 4) with none.
        static void Residuals(double[] at, double[] residuals)
        {
            residuals[0] = -13 + at[0] + ((5 - at[1]) * at[1] - 2) * at[1];
            residuals[1] = -29 + at[0] + ((at[1] + 1) * at[1] - 14) * at[1];
        }

        var local = HuberFit.Minimize(Residuals, 2, [[0.5, -2]], 1e9);
        Assert.Equal(48.98, 2 * local.Cost, 0.01);
        var global = HuberFit.Minimize(Residuals, 2, [[0.5, -2], [6, 5]], 1e9);
        Assert.Equal(5, global.Constants[0], 1e-6);
        Assert.Equal(4, global.Constants[1], 1e-6);
    }

    [Fact]
    public void An_outlier_does_not_move_the_rest()
    {
        double[] values = [1, 2, 3, 4, 5, 60, 7, 8];
        var line = HuberFit.Minimize(
            (at, residuals) =>
            {
                for (var i = 0; i < residuals.Length; i++) residuals[i] = at[0] + at[1] * i - values[i];
            },
            values.Length, [[0, 0]], 1e-3);
        Assert.Equal(1, line.Constants[0], 0.01);
        Assert.Equal(1, line.Constants[1], 0.01);
    }

    [Fact]
    public void A_start_without_finite_residuals_is_passed_over()
    {
        var found = HuberFit.Minimize((at, residuals) => residuals[0] = Math.Log(at[0]), 1, [[-1], [2]], 1e9);
        Assert.Equal(1, found.Constants[0], 1e-6);
    }
}
