namespace Coppice.Corpus.Tests.Deduplication;

/// <summary>Makes texts with the word frequencies of a language (Zipf's law), and copies with changed words.</summary>
internal sealed class TextMaker(int seed)
{
    private readonly Random _random = new(seed);

    public int Next(int below) => _random.Next(below);

    public string Word()
    {
        // Rank by Zipf's law over 20,000 words.
        var rank = (int)Math.Exp(_random.NextDouble() * Math.Log(20_000));
        return WordOf(rank);
    }

    public string[] Words(int count) => [.. Enumerable.Range(0, count).Select(_ => Word())];

    public string Text(int words) => string.Join(' ', Words(words));

    public string Paragraphs(int count, int words) => string.Join("\n\n", Enumerable.Range(0, count).Select(_ => Text(words)));

    /// <summary>Replaces, deletes, inserts or swaps words, each in turn, until a share of them is changed.</summary>
    public string Edited(string text, double share)
    {
        var words = text.Split(' ').ToList();
        var edits = Math.Max(1, (int)(words.Count * share));
        var places = Enumerable.Range(0, words.Count).OrderBy(_ => _random.Next()).Take(edits).OrderDescending().ToList();
        foreach (var place in places)
        {
            switch (_random.Next(3))
            {
                case 0:
                    words.RemoveAt(place);
                    break;
                case 1:
                    words.Insert(place, Word());
                    break;
                default:
                    words[place] = Word();
                    break;
            }
        }

        return string.Join(' ', words);
    }

    private static string WordOf(int rank)
    {
        const string Letters = "etaoinshrdlucmfwypvbgkjqxz";
        var word = "";
        for (var rest = rank; rest > 0; rest /= Letters.Length) word += Letters[rest % Letters.Length];
        return word;
    }
}
