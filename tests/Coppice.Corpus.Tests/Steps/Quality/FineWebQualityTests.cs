using Coppice.Corpus.Quality;

namespace Coppice.Corpus.Tests.Steps.Quality;

public sealed class FineWebQualityTests
{
    private static readonly FineWebQualityOptions Off = new() { MinPunctuatedLines = null, MaxShortLines = null, MaxDuplicateCharacters = null, MaxNewlinesPerWord = null };
    private static readonly FineWebQualityOptions Defaults = new();

    [Fact]
    public void At_least_12_of_100_lines_end_in_terminal_punctuation()
    {
        var step = new FineWebQuality(Off with { MinPunctuatedLines = Defaults.MinPunctuatedLines });
        Filtering.Keeps(step, Lines(12, 88));
        Filtering.Drops(step, Lines(11, 89), "lines that end in punctuation too low");
        Filtering.Keeps(step, Lines(12, 88).Replace(".", "。"));
        Filtering.Drops(step, Lines(12, 88).Replace(".", "\""), "lines that end in punctuation too low");

        static string Lines(int with, int without) =>
            string.Join("\n\n", Enumerable.Range(0, with).Select(i => Filtering.Word(i) + ".").Concat(Enumerable.Range(0, without).Select(i => Filtering.Word(i))));
    }

    [Fact]
    public void At_most_67_of_100_lines_have_30_characters_or_fewer()
    {
        var step = new FineWebQuality(Off with { MaxShortLines = Defaults.MaxShortLines });
        Filtering.Keeps(step, Lines(67, 33));
        Filtering.Drops(step, Lines(68, 32), "short lines too high");

        static string Lines(int few, int more) => string.Join("\n \n", Enumerable.Repeat(new string('x', 30), few).Concat(Enumerable.Repeat(new string('x', 31), more)));
    }

    [Fact]
    public void At_most_1_in_100_characters_is_in_further_copies_of_lines()
    {
        var step = new FineWebQuality(Off with { MaxDuplicateCharacters = Defaults.MaxDuplicateCharacters });
        Filtering.Keeps(step, $"aaaaa\naaaaa\n{new string('b', 490)}");
        Filtering.Drops(step, $"aaaaa\naaaaa\n{new string('b', 489)}", "characters in repeated lines too high");
    }

    [Fact]
    public void At_most_3_line_ends_for_10_tokens()
    {
        var step = new FineWebQuality(Off with { MaxNewlinesPerWord = Defaults.MaxNewlinesPerWord });
        Filtering.Keeps(step, Filtering.Words(10) + "\n\n\n");
        Filtering.Drops(step, Filtering.Words(9) + "\n\n\n", "line ends a word too high");
    }

    [Fact]
    public void Blank_texts_are_dropped() => Filtering.Drops(new FineWebQuality(), " \n \n", "no text");
}
