using Coppice.Foundation;

namespace Coppice.Adapters.Tests;

public sealed class OwnSamplesTests
{
    private static readonly string[] Labels = ["cold", "warm"];

    [Fact]
    public void A_model_learns_to_write_texts_behind_the_name_of_their_class()
    {
        var lesson = OwnSamples.Lessons([new LabelledText("snow", null, "cold", "line 1")])[0];
        Assert.Equal(("cold\n", "snow"), (lesson.Messages[0].Content, lesson.Messages[1].Content));
        Assert.Contains("line 2", Assert.Throws<CoppiceException>(() => OwnSamples.Lessons([new LabelledText("a", "b", "cold", "line 2")])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_what_it_writes_the_surest_new_texts_of_the_wanted_class_are_kept()
    {
        var options = new OwnSampleOptions { PerClass = 2, Candidates = 4, Threshold = 0.6 };
        // Some repeat others, and some are about the other class.
        var written = OwnSamples.Write(Labels, ["cold 0"], options, (prompt, number) => $" {(number % 4 == 3 ? "warm" : prompt.Trim())} {number % 8 / 3 * 3} ");
        Assert.Equal(["warm 3", "cold 3", "cold 6", "warm 6", "warm 0", "warm 3", "warm 6"], written.Select(text => text.Text));
        Assert.Equal(("cold", "sample 4 of 'cold'"), (written[0].Label, written[0].Where));
        float[][] probabilities = [.. written.Select(text => text.Text switch { "cold 3" => new[] { 0.7f, 0.3f }, "cold 6" => [0.8f, 0.2f], "warm 0" => [0.45f, 0.55f], _ => [0.1f, 0.9f] })];
        var kept = OwnSamples.Keep(written, Labels, probabilities, options);
        Assert.Equal([("cold 6", "cold"), ("cold 3", "cold"), ("warm 3", "warm"), ("warm 6", "warm")], kept.Select(text => (text.Text, text.Label)));
        Assert.Equal([("cold 6", "cold"), ("warm 3", "warm")], OwnSamples.Keep(written, Labels, probabilities, options with { PerClass = 1 }).Select(text => (text.Text, text.Label)));
        Assert.Throws<CoppiceException>(() => OwnSamples.Write(Labels, [], new OwnSampleOptions { PerClass = 0 }, (_, _) => ""));
    }
}
