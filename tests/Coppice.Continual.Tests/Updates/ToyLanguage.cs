using System.Text;
using Coppice.Tensors;

namespace Coppice.Continual.Tests.Updates;

/// <summary>An artificial language: words of two syllables from letters of its own, each with three words that may follow it.</summary>
internal sealed class ToyLanguage
{
    private const int Words = 40;
    private const int Followers = 3;

    private readonly ulong _seed;
    private readonly string[] _words;
    private readonly int[,] _followers = new int[Words, Followers];

    /// <summary>Draws the words and what follows them.</summary>
    /// <param name="seed">Decides the language, and its texts.</param>
    /// <param name="consonants">Its letters beside the vowels: languages with other ones lie further apart.</param>
    public ToyLanguage(ulong seed, string consonants)
    {
        _seed = seed;
        var random = new Philox(seed, 0);
        _words = [.. Enumerable.Range(0, Words).Select(word => string.Concat(Enumerable.Range(0, 2).Select(syllable => $"{consonants[Draw(random, 4 * word + 2 * syllable, consonants.Length)]}{"aeiou"[Draw(random, 4 * word + 2 * syllable + 1, 5)]}")))];
        for (var word = 0; word < Words; word++)
        {
            for (var i = 0; i < Followers; i++) _followers[word, i] = Draw(random, 1_000 + Followers * word + i, Words);
        }
    }

    /// <summary>Texts as JSON lines.</summary>
    /// <param name="documents">How many.</param>
    public string JsonLines(int documents) => string.Concat(Enumerable.Range(0, documents).Select(document => $$"""{"text": "{{Document(document)}}"}""" + "\n"));

    private string Document(int number)
    {
        var random = new Philox(_seed, 1 + (ulong)number);
        var text = new StringBuilder();
        var word = Draw(random, 0, Words);
        for (var i = 1; i < 30; i++)
        {
            text.Append(_words[word]).Append(i % 10 == 0 ? ". " : " ");
            word = _followers[word, Draw(random, i, Followers)];
        }

        return text.Append(_words[word]).Append('.').ToString();
    }

    private static int Draw(Philox random, int index, int below) => (int)(random.UniformDouble((ulong)index) * below);
}
