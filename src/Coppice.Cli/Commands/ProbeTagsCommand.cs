using System.CommandLine;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Evaluation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice probe tags</c>: how well parts of speech can be read off a model's hidden states.</summary>
internal static class ProbeTagsCommand
{
    public static Command Create()
    {
        var directory = new Argument<string>("MODEL") { Description = "A model directory, best of an encoder" };
        var train = new Option<string>("--train") { Description = "Sentences to learn from, as Universal Dependencies has them (.conllu, .conllu.gz)", HelpName = "FILE", Required = true };
        var test = new Option<string>("--test") { Description = "Sentences to judge by", HelpName = "FILE", Required = true };
        var against = new Option<string?>("--against") { Description = "Another model directory: show the difference from it, with an interval", HelpName = "OTHER" };
        var command = new Command("tags", "Read parts of speech off a model as it is, by a linear probe") { directory, train, test, against, CommonOptions.Threads, CommonOptions.Json };
        command.SetAction(parse =>
        {
            var (learned, judged) = (TaggedSentence.ReadConllu(parse.GetRequiredValue(train)), TaggedSentence.ReadConllu(parse.GetRequiredValue(test)));
            using var backend = Backends.Create(parse.GetValue(CommonOptions.Threads));
            var before = parse.GetValue(against) is { } other ? Probe(other, learned, judged, backend) : null;
            var now = Probe(parse.GetRequiredValue(directory), learned, judged, backend);
            var change = before is null ? null : TagChange.Of(now, before);
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(new TagsResult(now.TrainWords, now.Words, now.Accuracy, now.Low, now.High, now.Lexicon, now.Tags, change));
            else Describe(now, before, change);
        });
        return command;
    }

    private static TagProbeResult Probe(string path, IReadOnlyList<TaggedSentence> learned, IReadOnlyList<TaggedSentence> judged, Backend backend)
    {
        using var model = ModelDirectory.Load(path, backend);
        return Stage.Run($"Probing {path}", _ => TagProbe.Run(model, Tokenizer.Load(path), learned, judged));
    }

    private static void Describe(TagProbeResult now, TagProbeResult? before, TagChange? change)
    {
        Page.Table(
            ["tag", "right", .. before is null ? (string[])[] : ["other"], "words"],
            [.. now.Tags.Select(tag => Row(tag.Key, tag.Value, before?.Tags[tag.Key])), Row("all", Total(now), before is null ? null : Total(before))]);
        Page.Line();
        Page.Facts(
            ("95 % interval", $"{Figures.Percent(now.Low)} to {Figures.Percent(now.High)}"),
            ("by a list of the learned words", Figures.Percent(now.Lexicon)),
            ("learned from", Figures.Count(now.TrainWords, "word")));
        if (change is not null) Page.Facts(("against the other", $"{Figures.Percent(change.Difference)} ({Figures.Percent(change.Low)} to {Figures.Percent(change.High)})"));

        static TaggedCount Total(TagProbeResult result) => new(result.Words, result.Sentences.Sum(sentence => sentence.Right));
    }

    private static string[] Row(string name, TaggedCount now, TaggedCount? before) =>
        [name, Share(now), .. before is { } other ? (string[])[Share(other)] : [], Figures.Count(now.Words)];

    private static string Share(TaggedCount count) => Figures.Percent((double)count.Right / count.Words);

    /// <summary>What <c>--json</c> prints. Without another model, <c>change</c> is null.</summary>
    private sealed record TagsResult(
        int TrainWords, int Words, double Accuracy, double Low, double High, double Lexicon, IReadOnlyDictionary<string, TaggedCount> Tags, TagChange? Change);

    /// <summary>The difference of the accuracies, in shares, with its interval.</summary>
    private sealed record TagChange(double Difference, double Low, double High)
    {
        public static TagChange Of(TagProbeResult now, TagProbeResult before)
        {
            var (difference, low, high) = now.Against(before);
            return new TagChange(difference, low, high);
        }
    }
}
