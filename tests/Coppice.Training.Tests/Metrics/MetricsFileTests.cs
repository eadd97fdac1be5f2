using System.Globalization;
using Coppice.Foundation;
using Coppice.Testing;
using Coppice.Training.Metrics;

namespace Coppice.Training.Tests.Metrics;

public sealed class MetricsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string File1 => _folder.At("run/metrics.jsonl");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_kind_of_event_survives_a_round_trip_on_one_line_each()
    {
        RunEvent[] events =
        [
            new StepMetrics { Step = 1, Tokens = 768, Loss = 1.0 / 3, LearningRate = 1e-5, GradientNorm = double.PositiveInfinity, TokensPerSecond = 12_345.5, Skipped = true },
            new StepMetrics { Step = 2, Tokens = 1_536, Loss = double.NaN, LearningRate = 1e-5, GradientNorm = 1, TokensPerSecond = 1 },
            new EvaluationMetrics { Step = 2, Tokens = 1_536, Loss = 2, BitsPerByte = 3, EvaluatedTokens = 100, Whole = true },
            new EvaluationMetrics { Step = 2, Tokens = 1_536, Loss = 2, EvaluatedTokens = 100 },
            new TextSample { Step = 2, Prompt = "\n", Text = "two\r\nlines, \"é\" 😀 \u2028 <b>" },
            new RunWarning { Step = 2, Message = "skipped" },
        ];
        Write(null, events);
        Assert.Equal(events.Length, System.IO.File.ReadAllText(File1).Count(c => c == '\n'));
        Assert.Equal(events, MetricsFile.Read(File1));
    }

    [Fact]
    public void A_line_is_plain_JSON_whatever_the_culture()
    {
        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo("de-DE");
            Assert.Equal(
                """{"kind":"step","step":7,"tokens":8,"loss":1.5,"learning_rate":0.001,"gradient_norm":0.25,"tokens_per_second":1000,"skipped":false}""",
                MetricsFile.ToLine(Step(7, 1.5)));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"kind\":\"step\",\"st")]
    [InlineData("\0\0\0\0\n\0\0")]
    public void A_run_that_was_killed_and_resumed_leaves_the_file_of_one_that_was_not(string torn)
    {
        Write(null, [.. Enumerable.Range(1, 10).Select(i => Step(i, i))]);
        var uninterrupted = System.IO.File.ReadAllText(File1);

        Write(null, [.. Enumerable.Range(1, 7).Select(i => Step(i, i))]);
        System.IO.File.AppendAllText(File1, torn);
        Write(resumedAt: 4, [.. Enumerable.Range(5, 3).Select(i => Step(i, i))]);
        Write(resumedAt: 6, [.. Enumerable.Range(7, 4).Select(i => Step(i, i))]);
        Assert.Equal(uninterrupted, System.IO.File.ReadAllText(File1));
    }

    [Fact]
    public void A_new_run_begins_a_new_file()
    {
        Write(null, [Step(1, 1)]);
        Write(null, [Step(1, 2)]);
        Assert.Equal([Step(1, 2)], MetricsFile.Read(File1));
    }

    [Fact]
    public void A_damaged_line_before_the_end_is_an_error_that_names_it()
    {
        Write(null, [Step(1, 1)]);
        System.IO.File.AppendAllText(File1, "{\"kind\":\"other\",\"step\":2}\n" + MetricsFile.ToLine(Step(3, 1)) + "\n");
        Assert.StartsWith($"{File1}:2: ", Assert.Throws<CoppiceException>(() => MetricsFile.Read(File1)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"kind\":\"sample\",\"step\":1,\"prompt\":null,\"text\":\"\"}")]
    [InlineData("{\"kind\":\"step\",\"step\":\"x\"}")]
    [InlineData("{\"step\":1,\"kind\":\"warning\",\"message\":\"kind comes too late\"}")]
    public void What_is_no_event_is_not_read_as_one(string line)
    {
        _folder.Write("run/metrics.jsonl", line + "\n");
        Assert.Empty(MetricsFile.Read(File1));
    }

    [Fact]
    public void A_missing_file_is_an_error_that_names_it()
    {
        Assert.StartsWith(File1, Assert.Throws<CoppiceException>(() => MetricsFile.Read(File1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_file_can_be_read_while_it_is_written()
    {
        using var writer = new MetricsWriter(File1);
        writer.Observe(Step(1, 1));
        Assert.Equal([Step(1, 1)], MetricsFile.Read(File1));
    }

    private static StepMetrics Step(long step, double loss) => new() { Step = step, Tokens = 8, Loss = loss, LearningRate = 1e-3, GradientNorm = 0.25, TokensPerSecond = 1_000 };

    private void Write(long? resumedAt, params RunEvent[] events)
    {
        using var writer = new MetricsWriter(File1, resumedAt);
        foreach (var happened in events) writer.Observe(happened);
    }
}
