using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Coppice.Testing;
using Coppice.Training.Metrics;
using Coppice.Training.Recipes;
using Coppice.Training.Reports;

namespace Coppice.Training.Tests.Reports;

public sealed partial class ReportTests
{
    [Theory]
    [InlineData(0, 1, 5, new[] { 0, 0.2, 0.4, 0.6, 0.8, 1 })]
    [InlineData(1.47, 4.29, 5, new[] { 1, 2, 3, 4, 5.0 })]
    [InlineData(0, 2_000, 7, new[] { 0, 500, 1_000, 1_500, 2_000.0 })]
    [InlineData(0, 0.001, 5, new[] { 0, 0.0002, 0.0004, 0.0006, 0.0008, 0.001 })]
    [InlineData(3, 3, 2, new[] { 0, 2, 4, 6.0 })]
    [InlineData(0, 0, 2, new[] { 0, 0.5, 1 })]
    [InlineData(-1.5, 1.5, 3, new[] { -2, -1, 0, 1, 2.0 })]
    public void Ticks_are_round_numbers_that_cover_the_range(double minimum, double maximum, int count, double[] expected)
    {
        Assert.Equal(expected, NumberText.Ticks(minimum, maximum, count));
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1.88234, "1.882")]
    [InlineData(0.0006, "0.0006")]
    [InlineData(0.00006, "6e−5")]
    [InlineData(-2.5, "−2.5")]
    [InlineData(2_000, "2000")]
    [InlineData(9_999.6, "10000")]
    [InlineData(15_360, "15.36 k")]
    [InlineData(1_536_000, "1.536 M")]
    [InlineData(double.NaN, "not a number")]
    [InlineData(double.PositiveInfinity, "∞")]
    public void Numbers_are_short(double value, string expected) => Assert.Equal(expected, NumberText.Short(value));

    [Fact]
    public void A_chart_puts_its_points_where_the_axes_say()
    {
        var svg = Svg(new LineChart { Title = "t", XLabel = "step", Width = 400, Height = 200, FromZero = true, Series = [new("a", [(0, 0), (5, 5), (10, 10)], 1, SeriesStyle.Dots), new("b", [(0, 0)], 2)] });
        var dots = svg.Descendants("circle").Select(dot => (X: Number(dot, "cx"), Y: Number(dot, "cy"))).ToList();
        Assert.Equal(3, dots.Count);
        var lines = svg.Descendants("line").Where(line => (string?)line.Attribute("class") == "grid" || Number(line, "x1") != Number(line, "x2")).ToList();
        Assert.Equal(Number(lines[0], "x1"), dots[0].X);
        Assert.Equal(Number(lines[0], "y1"), dots[0].Y);
        Assert.Equal(Number(lines[^1], "x2"), dots[2].X);
        Assert.Equal(Number(lines[^1], "y1"), dots[2].Y);
        Assert.Equal((dots[0].X + dots[2].X) / 2, dots[1].X, 0.1);
        Assert.Equal((dots[0].Y + dots[2].Y) / 2, dots[1].Y, 0.1);
    }

    [Fact]
    public void A_chart_of_many_points_keeps_its_spikes_and_stays_small()
    {
        var points = Enumerable.Range(0, 100_000).Select(i => ((double)i, i == 54_321 ? 100.0 : 1.0)).ToArray();
        var html = new LineChart { Title = "t", XLabel = "step", Series = [new("a", points)] }.ToHtml();
        Assert.InRange(html.Length, 100, 30_000);
        Assert.Contains(" 8", PathOf(html).Split('L', 'M').Single(point => point.EndsWith(" 8", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_point_that_is_not_finite_leaves_a_gap()
    {
        var html = new LineChart { Title = "t", XLabel = "step", Series = [new("a", [(0, 1), (1, 2), (2, double.NaN), (3, double.PositiveInfinity), (4, 2), (5, 1)])] }.ToHtml();
        Assert.Equal(2, PathOf(html).Count(c => c == 'M'));
        Assert.Equal(2, PathOf(html).Count(c => c == 'L'));
    }

    [Fact]
    public void A_chart_without_a_point_is_empty()
    {
        Assert.Equal("", new LineChart { Title = "t", XLabel = "x", Series = [new("a", [(0, double.NaN)])] }.ToHtml());
    }

    [Fact]
    public void The_report_shows_numbers_curves_samples_recipe_provenance_and_warnings()
    {
        var html = Example().ToHtml();
        Assert.Contains("1.882", html, StringComparison.Ordinal);
        Assert.Equal(4, Regex.Count(html, "<svg "));
        Assert.Contains("To be, or", html, StringComparison.Ordinal);
        Assert.Contains("learning_rate: 0.001", html, StringComparison.Ordinal);
        Assert.Contains("sha256 of the text", html, StringComparison.Ordinal);
        Assert.Contains("refused", html, StringComparison.Ordinal);
        Assert.Contains("1 of 200 steps", html, StringComparison.Ordinal);
    }

    [Fact]
    public void The_report_needs_nothing_else_and_runs_nothing()
    {
        var html = Example().ToHtml();
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotMatch("(src|href)=|url\\(|@import", html);
        XDocument.Parse(Body().Match(html).Value);
    }

    [Fact]
    public void Hostile_text_is_shown_and_not_obeyed()
    {
        const string hostile = "</pre><script>alert(1)</script>\"' onload=x &amp; \0\u001b[31m";
        var html = (Example() with
        {
            Title = hostile,
            Summary = hostile,
            Recipe = hostile,
            Provenance = [(hostile, hostile)],
            Events = [new TextSample { Step = 1, Prompt = hostile, Text = hostile }, new RunWarning { Step = 1, Message = hostile }],
        }).ToHtml();
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain('\0', html);
        Assert.DoesNotContain('\u001b', html);
        var body = XDocument.Parse(Body().Match(html).Value);
        Assert.Contains("<script>alert(1)</script>\"' onload=x &amp; ", body.Root!.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_in_which_nothing_happened_yet_has_a_report()
    {
        Assert.Contains("Recipe", new RunReport { Title = "t", Recipe = "", Events = [] }.ToHtml(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_diverged_has_a_report()
    {
        var html = new RunReport
        {
            Title = "t",
            Recipe = "",
            Events =
            [
                new StepMetrics { Step = 1, Tokens = 1, Loss = double.NaN, LearningRate = 1, GradientNorm = double.PositiveInfinity, TokensPerSecond = 1 },
                new EvaluationMetrics { Step = 1, Tokens = 1, Loss = double.NaN, EvaluatedTokens = 1 },
            ],
        }.ToHtml();
        Assert.Contains("not a number", html, StringComparison.Ordinal);
    }

    [Fact]
    public void The_observer_writes_the_report_at_evaluations_from_the_whole_file()
    {
        using var folder = new TemporaryFolder();
        using var metrics = new MetricsWriter(folder.At("metrics.jsonl"));
        IRunObserver[] observers = [metrics, new RunReportWriter(folder.At("report.html"), folder.At("metrics.jsonl"), new RunReport { Title = "t", Recipe = "", Events = [] })];
        Tell(new TextSample { Step = 1, Prompt = "", Text = "first sample" });
        Assert.False(File.Exists(folder.At("report.html")));
        Tell(new EvaluationMetrics { Step = 1, Tokens = 1, Loss = 2.125, EvaluatedTokens = 1 });
        Assert.Contains("first sample", File.ReadAllText(folder.At("report.html")), StringComparison.Ordinal);
        Tell(new TextSample { Step = 2, Prompt = "", Text = "second sample" });
        foreach (var observer in observers) observer.Finished(new RunEnd(2, false));
        Assert.Contains("second sample", File.ReadAllText(folder.At("report.html")), StringComparison.Ordinal);

        void Tell(RunEvent happened)
        {
            foreach (var observer in observers) observer.Observe(happened);
        }
    }

    [Fact]
    public void The_page_is_the_same_in_every_culture()
    {
        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
            var expected = Example().ToHtml();
            CultureInfo.CurrentCulture = new CultureInfo("de-DE");
            Assert.Equal(expected, Example().ToHtml());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    internal static RunReport Example()
    {
        var random = new Random(1);
        var events = new List<RunEvent>();
        for (var step = 10; step <= 2_000; step += 10)
        {
            var falling = 1.6 + (2.7 * Math.Exp(-step / 280.0));
            events.Add(new StepMetrics
            {
                Step = step,
                Tokens = step * 768L,
                Loss = falling + (0.12 * (random.NextDouble() - 0.5)),
                LearningRate = step < 100 ? 1e-5 * step : 1e-4 + (4.5e-4 * (1 + Math.Cos(Math.PI * (step - 100) / 1_900.0))),
                GradientNorm = 0.4 + (2 * Math.Exp(-step / 100.0)) + (0.2 * random.NextDouble()),
                TokensPerSecond = 41_000 + (2_000 * random.NextDouble()),
                Skipped = step == 700,
            });
            if (step % 250 == 0) events.Add(new EvaluationMetrics { Step = step, Tokens = step * 768L, Loss = step == 2_000 ? 1.88234 : falling + 0.22, BitsPerByte = (falling + 0.22) / Math.Log(2), EvaluatedTokens = 15_360, Whole = step == 2_000 });
            if (step % 500 == 0) events.Add(new TextSample { Step = step, Prompt = "\n", Text = $"ROMEO:\nTo be, or {(step < 1_000 ? "thou the shil" : "thou that will")} not the king\nAnd let the world be {step} of the man.\n\nJULIET:\nWhat says my lord?" });
            if (step == 1_000) events.Add(new RunWarning { Step = step, Message = "runs/shakespeare/checkpoints/step-00001250: refused, because model.safetensors has 1204 bytes instead of 3226432" });
        }

        return new RunReport
        {
            Title = "shakespeare-char",
            Summary = "A gpt2 model with 0.80 million parameters, trained from scratch.",
            Events = events,
            Recipe = Training.Recipes.Recipe.Parse("training: {steps: 2000}").ToYaml(),
            Provenance = [("Software", "Coppice 0.1.0"), ("sha256 of the text", "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"), ("Threads", "2")],
        };
    }

    private static XElement Svg(LineChart chart) => XDocument.Parse(SvgElement().Match(chart.ToHtml()).Value).Root!;

    private static double Number(XElement element, string attribute) => double.Parse(element.Attribute(attribute)!.Value, CultureInfo.InvariantCulture);

    private static string PathOf(string html) => Regex.Match(html, " d=\"([^\"]*)\"").Groups[1].Value;

    [GeneratedRegex("<body>.*</body>", RegexOptions.Singleline)]
    private static partial Regex Body();

    [GeneratedRegex("<svg.*</svg>", RegexOptions.Singleline)]
    private static partial Regex SvgElement();
}
