using Coppice.Corpus.Quality;

namespace Coppice.Corpus.Tests.Steps.Quality;

public sealed class GopherRepetitionTests
{
    private static readonly GopherRepetitionOptions Off = new()
    {
        MaxDuplicateLines = null, MaxDuplicateParagraphs = null, MaxDuplicateLineCharacters = null, MaxDuplicateParagraphCharacters = null, MaxTopNgrams = [], MaxDuplicateNgrams = [],
    };

    private static readonly GopherRepetitionOptions Defaults = new();

    [Theory]
    [InlineData("\n", "duplicate lines too high")]
    [InlineData("\n\n", "duplicate paragraphs too high")]
    public void Datatrove_keeps_3_further_copies_in_10_elements(string separator, string reason)
    {
        var step = new GopherRepetition(Off with { MaxDuplicateLines = Defaults.MaxDuplicateLines, MaxDuplicateParagraphs = Defaults.MaxDuplicateParagraphs });
        Filtering.Keeps(step, string.Join(separator, [.. Enumerable.Range(0, 7).Select(i => Filtering.Word(i)), "aaaaaa", "aaaaaa", "aaaaaa"]));
        Filtering.Drops(step, string.Join(separator, [.. Enumerable.Range(0, 6).Select(i => Filtering.Word(i)), "aaaaaa", "aaaaaa", "aaaaaa"]), reason);
    }

    [Theory]
    [InlineData("\n", "duplicate lines too high")]
    [InlineData("\n\n", "duplicate paragraphs too high")]
    public void Dclm_counts_the_first_copy_too(string separator, string reason)
    {
        var step = new GopherRepetition(
            Off with { MaxDuplicateLines = Defaults.MaxDuplicateLines, MaxDuplicateParagraphs = Defaults.MaxDuplicateParagraphs, Variant = RuleVariant.Dclm });
        Filtering.Keeps(step, string.Join(separator, [.. Enumerable.Range(1, 7).Select(i => Filtering.Word(i)), "aaaaaa", "aaaaaa", "aaaaaa"]));
        Filtering.Drops(step, string.Join(separator, [.. Enumerable.Range(1, 6).Select(i => Filtering.Word(i)), "aaaaaa", "aaaaaa", "aaaaaa"]), reason);
    }

    [Fact]
    public void Datatrove_divides_characters_in_duplicate_lines_by_the_whole_text()
    {
        var step = new GopherRepetition(Off with { MaxDuplicateLineCharacters = Defaults.MaxDuplicateLineCharacters });
        // 10 characters again, in 50 with the line ends; then in 49.
        Filtering.Keeps(step, $"{new string('a', 10)}\n{new string('a', 10)}\n{new string('b', 28)}");
        Filtering.Drops(step, $"{new string('a', 10)}\n{new string('a', 10)}\n{new string('b', 27)}", "characters in duplicate lines too high");
    }

    [Fact]
    public void Dclm_divides_characters_in_duplicate_lines_by_those_of_lines()
    {
        var step = new GopherRepetition(Off with { MaxDuplicateLineCharacters = Defaults.MaxDuplicateLineCharacters, Variant = RuleVariant.Dclm });
        Filtering.Keeps(step, $"aaaaa\n\naaaaa\n\n{new string('b', 40)}");
        Filtering.Drops(step, $"aaaaa\n\naaaaa\n\n{new string('b', 39)}", "characters in duplicate lines too high");
    }

    [Fact]
    public void Datatrove_divides_characters_in_duplicate_paragraphs_by_the_whole_text()
    {
        var step = new GopherRepetition(Off with { MaxDuplicateParagraphCharacters = Defaults.MaxDuplicateParagraphCharacters });
        Filtering.Keeps(step, $"aaaa\naaaaa\n\naaaa\naaaaa\n\n{new string('b', 26)}");
        Filtering.Drops(step, $"aaaa\naaaaa\n\naaaa\naaaaa\n\n{new string('b', 25)}", "characters in duplicate paragraphs too high");
    }

    [Fact]
    public void Dclm_divides_characters_in_duplicate_paragraphs_by_those_of_paragraphs()
    {
        var step = new GopherRepetition(Off with { MaxDuplicateParagraphCharacters = Defaults.MaxDuplicateParagraphCharacters, Variant = RuleVariant.Dclm });
        Filtering.Keeps(step, $"aaaaa\n\naaaaa\n\n{new string('b', 40)}");
        Filtering.Drops(step, $"aaaaa\n\naaaaa\n\n{new string('b', 39)}", "characters in duplicate paragraphs too high");
    }

    [Theory]
    [InlineData(2, 0.20)]
    [InlineData(3, 0.18)]
    [InlineData(4, 0.16)]
    public void Datatrove_takes_the_characters_of_the_commonest_n_gram_with_its_spaces(int n, double maximum)
    {
        var step = new GopherRepetition(Off with { MaxTopNgrams = [.. Enumerable.Range(2, n - 1).Select(i => i == n ? maximum : 1)] });
        // The n-gram has 7n - 1 characters and occurs twice.
        var ngram = Filtering.Words(n);
        var length = (int)Math.Ceiling(2 * ((7 * n) - 1) / maximum);
        Filtering.Keeps(step, Fill($"{ngram} zzzzzz {ngram}", length));
        Filtering.Drops(step, Fill($"{ngram} zzzzzz {ngram}", length - 1), $"share of the commonest {n}-gram too high");
    }

    [Fact]
    public void Datatrove_drops_short_texts_for_an_n_gram_that_occurs_once_and_dclm_does_not()
    {
        const string Text = "one two three four five";
        Filtering.Drops(new GopherRepetition(), Text, "share of the commonest 2-gram too high");
        Filtering.Keeps(new GopherRepetition(new() { Variant = RuleVariant.Dclm }), Text);
    }

    [Fact]
    public void Of_equally_frequent_n_grams_datatrove_takes_the_first_and_dclm_the_longest()
    {
        const string Text = "a b x cccc dddd y a b z cccc dddd";
        Assert.Equal(6.0 / Text.Length, Measure(Text, RuleVariant.Datatrove), 1e-12);
        Assert.Equal(16.0 / (Text.Replace(" ", "").Length), Measure(Text, RuleVariant.Dclm), 1e-12);

        static double Measure(string text, RuleVariant variant)
        {
            var ngrams = new NgramRepetition(variant);
            ngrams.Begin(TextStructure.Of(text));
            return ngrams.TopNgram(2);
        }
    }

    [Theory]
    [InlineData(5, 0.15)]
    [InlineData(6, 0.14)]
    [InlineData(7, 0.13)]
    [InlineData(8, 0.12)]
    [InlineData(9, 0.11)]
    [InlineData(10, 0.10)]
    public void Datatrove_counts_repeated_n_grams_without_spaces_and_divides_by_the_whole_text(int n, double maximum)
    {
        var step = new GopherRepetition(Off with { MaxDuplicateNgrams = [.. Enumerable.Range(5, n - 4).Select(i => i == n ? maximum : 1)] });
        var ngram = Filtering.Words(n);
        var length = (int)Math.Ceiling(6 * n / maximum);
        Filtering.Keeps(step, Fill($"{ngram} zzzzzz {ngram}", length));
        Filtering.Drops(step, Fill($"{ngram} zzzzzz {ngram}", length - 1), $"share of repeated {n}-grams too high");
    }

    [Theory]
    [InlineData(5, 0.15)]
    [InlineData(6, 0.14)]
    [InlineData(7, 0.13)]
    [InlineData(8, 0.12)]
    [InlineData(9, 0.11)]
    [InlineData(10, 0.10)]
    public void Dclm_counts_the_words_that_repeated_n_grams_cover_and_divides_by_all_words(int n, double maximum)
    {
        var step = new GopherRepetition(Off with { MaxDuplicateNgrams = [.. Enumerable.Range(5, n - 4).Select(i => i == n ? maximum : 1)], Variant = RuleVariant.Dclm });
        var ngram = Filtering.Words(n);
        var others = (int)Math.Ceiling(2 * n / maximum) - (2 * n);
        Filtering.Keeps(step, $"{ngram}. {Others(others)} {ngram}!");
        Filtering.Drops(step, $"{ngram}. {Others(others - 1)} {ngram}!", $"share of repeated {n}-grams too high");

        static string Others(int count) => string.Join(' ', Enumerable.Range(1000, count).Select(i => Filtering.Word(i)));
    }

    [Fact]
    public void Datatrove_takes_words_written_together_for_the_same()
    {
        const string Text = "ab c d e f ; a bc d e f";
        Assert.Equal(6.0 / Text.Length, Measure(RuleVariant.Datatrove), 1e-12);
        Assert.Equal(0, Measure(RuleVariant.Dclm));

        static double Measure(RuleVariant variant)
        {
            var ngrams = new NgramRepetition(variant);
            ngrams.Begin(TextStructure.Of(Text));
            return ngrams.DuplicateNgrams(5);
        }
    }

    [Theory]
    [InlineData(RuleVariant.Datatrove)]
    [InlineData(RuleVariant.Dclm)]
    public void Shares_are_those_of_a_slow_count(RuleVariant variant)
    {
        var random = new Random(7);
        for (var round = 0; round < 200; round++)
        {
            var words = Enumerable.Range(0, random.Next(0, 60)).Select(_ => Filtering.Word(random.Next(4), 1 + random.Next(2))).ToArray();
            var text = string.Join(' ', words);
            var fast = new NgramRepetition(variant);
            fast.Begin(TextStructure.Of(text));
            double whole = variant == RuleVariant.Datatrove ? text.Length : words.Sum(word => word.Length);
            for (var n = 2; n <= 4; n++) Assert.Equal(words.Length < n ? 0 : SlowTop(words, n, variant) / whole, fast.TopNgram(n), 1e-12);
            for (var n = 5; n <= 10; n++) Assert.Equal(words.Length < n ? 0 : SlowDuplicates(words, n, variant) / whole, fast.DuplicateNgrams(n), 1e-12);
        }
    }

    [Fact]
    public void Hostile_texts_take_linear_time()
    {
        var step = new GopherRepetition();
        foreach (var text in new[] { new string('a', 5_000_000), new string('\n', 1_000_000), new string('.', 1_000_000), string.Concat(Enumerable.Repeat("a ", 500_000)), new string('\uD800', 500_000) })
        {
            Assert.NotNull(step.Begin());
            _ = Filtering.Run(step, text);
        }
    }

    private static int SlowTop(string[] words, int n, RuleVariant variant)
    {
        var groups = Enumerable.Range(0, words.Length - n + 1).Select(i => string.Join(' ', words[i..(i + n)])).GroupBy(ngram => ngram).ToList();
        var top = groups.Max(group => group.Count());
        var commonest = groups.Where(group => group.Count() == top).Select(group => group.Key).ToList();
        if (variant == RuleVariant.Datatrove) return commonest[0].Length * top;
        return top == 1 ? 0 : commonest.Max(ngram => ngram.Length - (n - 1)) * top;
    }

    private static int SlowDuplicates(string[] words, int n, RuleVariant variant)
    {
        if (variant == RuleVariant.Dclm)
        {
            var counts = Enumerable.Range(0, words.Length - n + 1).ToLookup(i => string.Join(' ', words[i..(i + n)]));
            var covered = counts.Where(group => group.Count() > 1).SelectMany(group => group).SelectMany(i => Enumerable.Range(i, n)).Distinct();
            return covered.Sum(i => words[i].Length);
        }

        var seen = new HashSet<string>();
        var characters = 0;
        for (var i = 0; i + n <= words.Length;)
        {
            var ngram = string.Concat(words[i..(i + n)]);
            if (seen.Add(ngram)) i++;
            else
            {
                characters += ngram.Length;
                i += n;
            }
        }

        return characters;
    }

    /// <summary>The text with one long word after it, to a length.</summary>
    private static string Fill(string text, int length) => $"{text} {new string('y', length - text.Length - 1)}";
}
