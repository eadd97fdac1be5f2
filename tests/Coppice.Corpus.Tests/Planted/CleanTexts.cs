using Coppice.Corpus.Unicode;
using Coppice.Testing;

namespace Coppice.Corpus.Tests.Planted;

/// <summary>
/// Passages of novels and sections of law: text that nothing is wrong with. Each is given out once, and none shares more than a few phrases with another, so that what is
/// dropped as a duplicate is one that was planted.
/// </summary>
internal sealed class CleanTexts
{
    public const string Books = "books", Law = "law";

    private const int FewestCharacters = 900, MostCharacters = 6000, PassageCharacters = 1500;
    private const int RunWords = 5;
    private const double MostShared = 0.2;

    private readonly Queue<(string Source, string Id, string Text)> _left;

    public CleanTexts(Dice dice)
    {
        var repair = new UnicodeRepair().Begin();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var texts = Read("books").SelectMany(Passages).Concat(Read("dc-law").Select(section => (Source: Law, section.Id, section.Text)))
            .Where(text => text.Text.Length is >= FewestCharacters and <= MostCharacters)
            .Select(text => (text.Source, text.Id, repair(new Document(text.Id, text.Text.Trim(), "")).Document!.Text));
        _left = new(dice.Shuffled(texts).Where(text => IsNew(text.Text, seen)));
    }

    /// <summary>How many are left.</summary>
    public int Count => _left.Count;

    /// <summary>Gives out some as they are.</summary>
    public List<PlantedDocument> Take(int count, string kind = PlantedDocument.Clean, Func<string, bool>? isFit = null)
    {
        var taken = new List<PlantedDocument>();
        for (var left = _left.Count; left > 0 && taken.Count < count; left--)
        {
            var text = _left.Dequeue();
            if (isFit is null || isFit(text.Text)) taken.Add(new PlantedDocument($"{text.Source}/{text.Id}", text.Source, kind, text.Text));
            else _left.Enqueue(text);
        }

        return taken.Count == count ? taken : throw new InvalidOperationException($"there are not {count} texts left for {kind}");
    }

    private static IEnumerable<Document> Read(string name) => new CorpusPipeline([new CorpusInput(SharedData.At($"data/text/{name}.jsonl.gz"))]).Run(new CorpusReport());

    // One from the beginning of a chapter, without its title, and one from the middle of a long one.
    private static IEnumerable<(string Source, string Id, string Text)> Passages(Document chapter)
    {
        var paragraphs = chapter.Text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        foreach (var (part, first) in new[] { ("beginning", 1), ("middle", paragraphs.Length / 2) }.Where(place => place.Item2 < paragraphs.Length && (place.Item1 == "beginning" || paragraphs.Length > 24)))
        {
            var end = first;
            for (var length = 0; end < paragraphs.Length && length < PassageCharacters; end++) length += paragraphs[end].Length;
            yield return (Books, $"{chapter.Id}/{part}", string.Join("\n\n", paragraphs[first..end]));
        }
    }

    private static bool IsNew(string text, HashSet<string> seen)
    {
        var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var runs = Enumerable.Range(0, Math.Max(0, words.Length - RunWords + 1)).Select(i => string.Join(' ', words, i, RunWords)).ToHashSet(StringComparer.Ordinal);
        if (runs.Count(seen.Contains) > MostShared * runs.Count) return false;
        seen.UnionWith(runs);
        return true;
    }
}
