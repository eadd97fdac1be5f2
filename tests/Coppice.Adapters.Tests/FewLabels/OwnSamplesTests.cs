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
        var written = OwnSamples.Write(
            Labels, ["cold 0"], new OwnSampleOptions { PerClass = 2, Candidates = 4, Threshold = 0.6 },
            // Some repeat others, and some are about the other class.
            (prompt, number) => $" {(number % 4 == 3 ? "warm" : prompt.Trim())} {number % 8 / 3 * 3} ",
            texts => [.. texts.Select(text => text.Text.StartsWith("cold", StringComparison.Ordinal) ? new[] { 0.6f + 0.01f * text.Text[^1] - 0.4f, 0 } : [0, text.Text.EndsWith('0') ? 0.5f : 0.9f])]);
        Assert.Equal([("cold 6", "cold"), ("cold 3", "cold"), ("warm 3", "warm"), ("warm 6", "warm")], written.Select(text => (text.Text, text.Label)));
        Assert.Throws<CoppiceException>(() => OwnSamples.Write(Labels, [], new OwnSampleOptions { PerClass = 0 }, (_, _) => "", _ => []));
    }
}
