using System.Text;
using Coppice.Foundation;
using Coppice.Tokenizers;

namespace Coppice.Corpus.Tests;

/// <summary>Bytes as tokens, with whatever special tokens a test wants.</summary>
internal sealed class FakeTokenizer(int? begin, int? end, int vocabularySize = 260) : ITokenizer
{
    /// <summary>A text that takes long to encode.</summary>
    public const string SlowText = "slow";

    public static FakeTokenizer Gpt2Like { get; } = new(256, 256);

    public static FakeTokenizer LlamaLike { get; } = new(256, 257);

    public static FakeTokenizer Plain { get; } = new(null, null);

    public int VocabularySize => vocabularySize;

    public int? BeginOfText => begin;

    public int? EndOfText => end;

    public string Fingerprint => Checksum.Of($"bytes {begin} {end} {vocabularySize}");

    public void Encode(ReadOnlySpan<char> text, List<int> ids)
    {
        if (text.SequenceEqual(SlowText)) Thread.Sleep(100);
        foreach (var value in Encoding.UTF8.GetBytes(text.ToString())) ids.Add(value);
    }

    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true)
    {
        var bytes = new List<byte>();
        foreach (var id in ids)
        {
            if (id <= byte.MaxValue) bytes.Add((byte)id);
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }
}
