using Coppice.Cli.Output;

namespace Coppice.Cli.Tests;

public class FiguresTests
{
    [Fact]
    public void Numbers_are_short_and_the_same_in_every_country()
    {
        Assert.Equal(["1,234,567", "1 document", "0 documents"], [Figures.Count(1_234_567), Figures.Count(1, "document"), Figures.Count(0, "document")]);
        Assert.Equal(["2.346", "1.235e-05", "NaN", "0"], [Figures.Number(2.34567), Figures.Number(1.23456e-5), Figures.Number(double.NaN), Figures.Number(0)]);
        Assert.Equal(["999 bytes", "1 kB", "1.5 MB", "12.3 %"], [Figures.Bytes(999), Figures.Bytes(1000), Figures.Bytes(1_500_000), Figures.Percent(0.1234)]);
    }

    [Theory]
    [InlineData(7.9, "0:07")]
    [InlineData(754, "12:34")]
    [InlineData(3_723, "1:02:03")]
    [InlineData(90_000, "25:00:00")]
    public void Durations_are_read_as_on_a_clock(double seconds, string expected) => Assert.Equal(expected, Figures.Duration(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void A_text_can_not_steer_the_terminal() => Assert.Equal("a\uFFFD[31mb\n\tc\uFFFD", Figures.Printable("a\e[31mb\n\tc\r"));
}
