namespace Coppice.Tensors.Tests;

public sealed class SpecialFunctionTests
{
    // Values from tables (Abramowitz and Stegun 7.1, DLMF 7), to the precision of double.
    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.1, 0.11246291601828489)]
    [InlineData(0.5, 0.5204998778130465)]
    [InlineData(1, 0.8427007929497149)]
    [InlineData(2, 0.9953222650189527)]
    [InlineData(3, 0.9999779095030014)]
    public void Error_function_has_its_tabulated_values(double x, double expected)
    {
        Assert.Equal(expected, SpecialFunctions.Erf(x), 1e-15);
        Assert.Equal(-expected, SpecialFunctions.Erf(-x), 1e-15);
        Assert.Equal(1 - expected, SpecialFunctions.Erfc(x), 1e-15);
        Assert.Equal(1 + expected, SpecialFunctions.Erfc(-x), 2e-15);
    }

    [Theory]
    [InlineData(5, 1.5374597944280349e-12)]
    [InlineData(10, 2.0884875837625447e-45)]
    [InlineData(1e4, 0)]
    public void Tail_keeps_its_relative_precision(double x, double expected) =>
        Assert.InRange(SpecialFunctions.Erfc(x), expected * (1 - 1e-13), expected * (1 + 1e-13));

    [Fact]
    public void Series_and_continued_fraction_meet()
    {
        // 2.5 is where one takes over from the other: the function is smooth there, with the slope 2/√π e^(-6.25).
        const double Step = 1e-9;
        var slope = 2 / Math.Sqrt(Math.PI) * Math.Exp(-6.25);
        Assert.Equal(2 * Step * slope, SpecialFunctions.Erf(2.5 + Step) - SpecialFunctions.Erf(2.5 - Step), 1e-15);
    }

    [Fact]
    public void Normal_distribution_has_its_known_quantiles()
    {
        Assert.Equal(0.5, SpecialFunctions.NormalDistribution(0), 1e-15);
        Assert.Equal(0.975, SpecialFunctions.NormalDistribution(1.959963984540054), 1e-14);
        Assert.Equal(0.3989422804014327, SpecialFunctions.NormalDensity(0), 1e-15);
    }
}
