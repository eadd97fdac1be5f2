using Coppice.Corpus.Deduplication;

namespace Coppice.Corpus.Tests.Deduplication;

public sealed class SuffixArrayTests
{
    [Fact]
    public void Suffixes_are_in_order_for_all_short_texts_of_three_letters()
    {
        for (var length = 0; length <= 8; length++)
        {
            for (var number = 0; number < Math.Pow(3, length); number++)
            {
                var text = new char[length];
                for (int i = 0, rest = number; i < length; i++, rest /= 3) text[i] = (char)('a' + (rest % 3));
                Check(text);
            }
        }
    }

    [Theory]
    [InlineData(2, 2000)]
    [InlineData(4, 3000)]
    [InlineData(65536, 3000)]
    public void Suffixes_of_random_texts_are_in_order(int symbols, int length)
    {
        var random = new Random(symbols);
        for (var round = 0; round < 10; round++) Check([.. Enumerable.Range(0, length).Select(_ => (char)random.Next(symbols))]);
    }

    [Fact]
    public void Suffixes_of_repetitive_texts_are_in_order()
    {
        Check(new string('a', 3000));
        Check(string.Concat(Enumerable.Repeat("ab", 1500)));
        Check(string.Concat(Enumerable.Repeat("abcab", 500)) + "x" + string.Concat(Enumerable.Repeat("abcab", 500)));
        var (fibonacci, before) = ("ab", "a");
        while (fibonacci.Length < 3000) (fibonacci, before) = (fibonacci + before, fibonacci);
        Check(fibonacci);
    }

    [Fact]
    public void A_long_text_of_one_symbol_takes_linear_time()
    {
        var suffixes = new int[4_000_000];
        SuffixArray.Sort(new string('z', suffixes.Length), suffixes);
        Assert.Equal(suffixes.Length - 1, suffixes[0]);
        Assert.Equal(0, suffixes[^1]);
    }

    private static void Check(ReadOnlySpan<char> text)
    {
        var copy = text.ToString();
        var suffixes = new int[copy.Length];
        SuffixArray.Sort(copy, suffixes);
        var expected = Enumerable.Range(0, copy.Length).ToArray();
        Array.Sort(expected, (a, b) => copy.AsSpan(a).SequenceCompareTo(copy.AsSpan(b)));
        Assert.Equal(expected, suffixes);
    }
}
