using System.Text;
using Coppice.Tokenizers;

namespace Coppice.Corpus.Selection;

/// <summary>How surprising a line is to an n-gram model over UTF-8 bytes: what stands in for a small language model where none is trained yet.</summary>
internal sealed class ByteNgramModel
{
    private const int Order = 5;
    private const int LongestLine = 4096;
    private readonly NgramModel _model;

    /// <summary>Trains on text.</summary>
    /// <param name="documents">The text.</param>
    /// <param name="maximumBytes">How much of it at most.</param>
    public ByteNgramModel(IEnumerable<Document> documents, long maximumBytes)
    {
        using var store = TokenStore.InMemory(Until(documents, maximumBytes), new Bytes());
        _model = NgramModel.Train(store, order: Order, maximumTokens: maximumBytes);
    }

    /// <summary>−ln p of a line's bytes, its end included. Of a very long line the beginning is measured.</summary>
    /// <param name="line">The line.</param>
    /// <returns>Nats and bytes.</returns>
    public (double Nats, int Bytes) Score(ReadOnlySpan<char> line)
    {
        List<int> ids = [];
        new Bytes().Encode(line[..Math.Min(line.Length, LongestLine)], ids);
        ids.Add('\n');
        var nats = 0.0;
        // A line begins where another has ended.
        Span<int> context = stackalloc int[Order - 1];
        context.Fill('\n');
        foreach (var token in ids)
        {
            nats -= Math.Log(_model.Probability(context, token));
            context[1..].CopyTo(context);
            context[^1] = token;
        }

        return (nats, ids.Count);
    }

    private static IEnumerable<Document> Until(IEnumerable<Document> documents, long maximumBytes)
    {
        var left = maximumBytes;
        foreach (var document in documents)
        {
            if (left <= 0) yield break;
            left -= document.Text.Length;
            yield return left >= 0 ? document : document with { Text = document.Text[..(int)(document.Text.Length + left)] };
        }
    }

    private sealed class Bytes : ITokenizer
    {
        public int VocabularySize => 256;

        public int? BeginOfText => null;

        public int? EndOfText => null;

        public string Fingerprint => "bytes";

        public void Encode(ReadOnlySpan<char> text, List<int> ids)
        {
            var buffer = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
            foreach (var value in buffer.AsSpan(0, Encoding.UTF8.GetBytes(text, buffer))) ids.Add(value);
        }

        public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true) => Encoding.UTF8.GetString([.. ids.ToArray().Select(id => (byte)id)]);
    }
}
