using Coppice.Foundation;

namespace Coppice.Cli.Tests;

/// <summary>What <c>coppice adapt</c> and <c>coppice evaluate</c> do where labels are few.</summary>
public sealed class FewLabelCommandTests(AdaptFiles files) : IClassFixture<AdaptFiles>
{
    [Fact]
    public void Own_guesses_versions_of_texts_and_a_person_work_together()
    {
        var (unlabelled, todo) = (files.Write("unlabelled.jsonl", Texts(100, 20)), files.At("todo.jsonl"));
        var run = Adapt(
            "few", "--unlabelled", unlabelled, "--self-train", "1", "--threshold", "0.5", "--consistency", "drop", "--annealing", "linear", "--annotate", "3", "--annotations", todo, "--json");
        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        Assert.Contains("self-training, round 1: ", run.Error, StringComparison.Ordinal);
        Assert.Contains("3 texts are to be labelled", run.Error, StringComparison.Ordinal);
        Assert.Equal(run.Json.GetProperty("steps").GetInt64() - 54, Believed(run.Error));
        Assert.Equal((int)ExitCode.Done, CommandRun.Of("evaluate", files.At("few"), "--data", files.Test).ExitCode);

        // Two of three are filled in, and the run that follows learns from them too.
        var lines = File.ReadAllLines(todo);
        Assert.Equal(3, lines.Length);
        File.WriteAllLines(todo, lines.Select((line, i) => i == 2 ? line : line.Replace("\"label\":\"\"", "\"label\":\"odd\"", StringComparison.Ordinal)));
        var second = Adapt("few2", "--annotated", todo, "--json");
        Assert.True(second.ExitCode == 0, second.Error);
        Assert.Equal(56, second.Json.GetProperty("steps").GetInt64());

        // A slip of the pen is no new class, and somebody's work is not written over.
        File.WriteAllLines(todo, lines.Select(line => line.Replace("\"label\":\"\"", "\"label\":\"od\"", StringComparison.Ordinal)));
        Refused("todo.jsonl, line 1: the label 'od' never occurs in the training data; did you mean 'odd'?", "--annotated", todo);
        Refused("is there already, perhaps with labels", "--unlabelled", unlabelled, "--annotate", "3", "--annotations", todo);
    }

    [Fact]
    public void A_decoder_writes_examples_of_its_own()
    {
        var run = Adapt("written", "--own-samples", "1", "--json");
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains("own samples: ", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("need texts without labels (--unlabelled)", "--self-train", "2")]
    [InlineData("--threshold is for --self-train", "--threshold", "0.8")]
    [InlineData("--annealing is for --consistency", "--annealing", "linear")]
    [InlineData("--annotations is for --annotate", "--annotations", "todo.jsonl")]
    [InlineData("--annotate needs the texts (--unlabelled)", "--annotate", "5")]
    [InlineData("--unlabelled: say what is done with the texts", "--unlabelled", "DATA")]
    [InlineData("--unlabelled: say what is done with the texts", "--unlabelled", "DATA", "--own-samples", "1")]
    [InlineData("did you mean 'drop'?", "--unlabelled", "DATA", "--consistency", "drp")]
    [InlineData("did you mean 'linear'?", "--unlabelled", "DATA", "--consistency", "drop", "--annealing", "liner")]
    [InlineData("at least one round", "--unlabelled", "DATA", "--self-train", "0")]
    [InlineData("the threshold is 2", "--unlabelled", "DATA", "--self-train", "1", "--threshold", "2")]
    [InlineData("and this is regression", "--unlabelled", "DATA", "--self-train", "1", "--set", "task.name=regression", "--set", "task.label_field=number")]
    [InlineData("can't be resumed", "--unlabelled", "DATA", "--self-train", "1", "--resume")]
    [InlineData("--budget is for --method auto", "--budget", "500")]
    [InlineData("--candidates is for --method auto", "--candidates", "5")]
    public void Options_that_do_not_go_together_are_refused_before_anything_is_written(string message, params string[] options)
    {
        var data = files.Write("numbers.jsonl", string.Concat(Enumerable.Range(0, 10).Select(i => $$"""{"text": "a", "label": "even", "number": {{i}}}""" + "\n")));
        Refused(message, [.. options.Select(option => option == "DATA" ? data : option), .. options.Contains("task.name=regression") ? ["--data", data] : Array.Empty<string>()]);
    }

    [Fact]
    public void Texts_are_labelled_behind_demonstrations_without_training()
    {
        double Measure(string shots)
        {
            var run = CommandRun.Of("evaluate", files.Model, "--data", files.Test, "--demonstrations", files.Data, "--shots", shots, "--json");
            Assert.True(run.ExitCode == 0, run.Error);
            var accuracy = run.Json.GetProperty("accuracy");
            Assert.Equal(30, accuracy.GetProperty("examples").GetInt32());
            Assert.InRange(accuracy.GetProperty("value").GetDouble(), accuracy.GetProperty("low").GetDouble(), accuracy.GetProperty("high").GetDouble());
            return run.Json.GetProperty("shots").GetDouble();
        }

        Assert.Equal(1, Measure("1"));
        // The model reads 32 tokens at once.
        Assert.InRange(Measure("50"), 1, 10);
        var shown = CommandRun.Of("evaluate", files.Model, "--data", files.Test, "--demonstrations", files.Data, "--shots", "50");
        Assert.Contains("there was no room for more", shown.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--shots is for --demonstrations", "--data", "DATA", "--shots", "3")]
    [InlineData("--demonstrations is for labelled texts that --data names", "--pairs", "DATA", "--demonstrations", "DATA")]
    [InlineData("has no field 'label'", "--data", "DATA", "--demonstrations", "UNLABELLED")]
    public void Demonstrations_that_can_not_be_shown_are_refused(string message, params string[] options)
    {
        var unlabelled = files.Write("nolabels.jsonl", Texts(0, 3));
        var run = CommandRun.Of(["evaluate", files.Model, .. options.Select(option => option switch { "DATA" => files.Data, "UNLABELLED" => unlabelled, _ => option })]);
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.Trim().Split('\n'));
    }

    private static string Texts(int first, int count) => string.Concat(Enumerable.Range(first, count).Select(i => $$"""{"text": "The number {{i}}."}""" + "\n"));

    private static long Believed(string error)
    {
        const string Before = "self-training, round 1: ";
        var text = error[(error.IndexOf(Before, StringComparison.Ordinal) + Before.Length)..];
        return long.Parse(text[..text.IndexOf(' ', StringComparison.Ordinal)], System.Globalization.CultureInfo.InvariantCulture);
    }

    // A step an example: the steps tell how many there were.
    private CommandRun Adapt(string name, params string[] more) => CommandRun.Of(
        ["adapt", files.Model, "--data", files.Data, "--task", "classification", "-o", files.At(name), "--set", "training.epochs=1", "--set", "training.batch_size=1", .. more]);

    private void Refused(string message, params string[] more)
    {
        var run = CommandRun.Of(["adapt", files.Model, "--task", "classification", "-o", files.At("refused"), .. more.Contains("--data") ? [] : new[] { "--data", files.Data }, .. more]);
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.Trim().Split('\n'));
        Assert.False(Directory.Exists(files.At("refused")));
    }
}
