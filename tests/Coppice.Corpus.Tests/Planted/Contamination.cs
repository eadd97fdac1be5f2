using System.IO.Compression;
using System.Text.Json;
using Coppice.Testing;

namespace Coppice.Corpus.Tests.Planted;

/// <summary>Texts with a benchmark's items in them, as they are or written otherwise; texts that share a phrase with one and no more.</summary>
internal sealed class Contamination
{
    public const string Kind = "contamination", Phrases = "phrases of benchmark items";

    private const string Step = "decontaminate";
    private const int FewestWords = 5, ItemsOfAList = 8;

    // A phrase has fewer words in a row than are looked for: 13 of a long item, all of a shorter one.
    private const int LongItem = 16, PhraseOfLong = 10, FewestOfPhrase = 7;

    private readonly string[] _items;

    public Contamination(Dice dice)
    {
        using var lines = new StreamReader(new GZipStream(File.OpenRead(SharedData.At("data/eval/ud-ewt-test.conllu.gz")), CompressionMode.Decompress));
        Sentences = [.. ReadAll(lines).Where(line => line.StartsWith("# text = ", StringComparison.Ordinal)).Select(line => line["# text = ".Length..])];
        using var pairs = new StreamReader(new GZipStream(File.OpenRead(MinimalPairs), CompressionMode.Decompress));
        var good = ReadAll(pairs).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("good").GetString()!);
        _items = dice.Shuffled(dice.Shuffled(good)[..Sentences.Count].Concat(Sentences).Where(item => WordsOf(item).Length >= FewestWords).Distinct());
    }

    /// <summary>A set of minimal pairs, as JSON lines.</summary>
    public static string MinimalPairs => SharedData.At("data/eval/blimp.jsonl.gz");

    /// <summary>The sentences of a treebank: the other set.</summary>
    public IReadOnlyList<string> Sentences { get; }

    /// <summary>Texts with an item in them, and lists of several.</summary>
    public IEnumerable<PlantedDocument> In(List<PlantedDocument> texts, int lists, Dice dice)
    {
        for (var i = 0; i < texts.Count; i++)
        {
            yield return Insertion.AfterALine(texts[i] with { DropsIt = Step }, Written(_items[i], i % 4), dice);
        }

        for (var i = 0; i < lists; i++)
        {
            var items = _items.Skip(texts.Count + (i * ItemsOfAList)).Take(ItemsOfAList).Select((item, number) => $"{number + 1}. {item}");
            yield return new PlantedDocument($"items/{i}", "junk", Kind, string.Join('\n', items)) { DropsIt = Step };
        }
    }

    /// <summary>Texts with a part of an item in them.</summary>
    public IEnumerable<PlantedDocument> PhrasesIn(List<PlantedDocument> texts, Dice dice)
    {
        var phrases = _items.Reverse().Select(WordsOf).Where(words => words.Length >= FewestOfPhrase + 2)
            .Select(words => string.Join(' ', words[..(words.Length >= LongItem ? PhraseOfLong : Math.Min(words.Length - 2, PhraseOfLong))]));
        return texts.Zip(phrases, (text, phrase) => Insertion.AfterALine(text with { Kind = Phrases }, $"Somebody said: {phrase} or something of that kind.", dice));
    }

    private static string Written(string item, int way) => way switch
    {
        0 => item,
        1 => item.ToUpperInvariant(),
        2 => string.Concat(item.Select(sign => char.IsPunctuation(sign) && sign is not ('\'' or '-') ? ' ' : char.ToLowerInvariant(sign))),
        _ => $"\"{item.Replace(" ", "\n", StringComparison.Ordinal)}\" -- right or wrong?",
    };

    private static string[] WordsOf(string item) => item.Split(' ').Where(word => word.Any(char.IsLetterOrDigit)).ToArray();

    private static IEnumerable<string> ReadAll(StreamReader lines)
    {
        while (lines.ReadLine() is { } line) yield return line;
    }
}
