using System.Text;
using Coppice.Corpus;
using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Tokenizers;

namespace Coppice.Continual.Ablation;

/// <summary>
/// The passages that two sides are compared on: the first 1,024 tokens of each document, then the next of those that have more, until there are enough. Many short passages tell more of how a
/// difference varies than a few long ones, and a text that is one document has passages too.
/// </summary>
internal static class EvaluationPassages
{
    private const int PassageTokens = 1024;
    private const int MostTokens = 65_536;

    /// <summary>Cuts a text into passages.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="documents">Its documents.</param>
    /// <param name="tokenizer">Encodes.</param>
    /// <exception cref="CoppiceException">There is nothing to measure.</exception>
    public static IReadOnlyList<TokenSequence> Of(string name, IEnumerable<Document> documents, ITokenizer tokenizer)
    {
        var passages = new List<TokenSequence>();
        var (encoded, tokens) = (new List<List<int>>(), 0L);
        foreach (var document in documents)
        {
            List<int> ids = [];
            tokenizer.Encode(document.Text, ids);
            encoded.Add(ids);
        }

        for (var start = 0; tokens < MostTokens && encoded.Any(ids => ids.Count > start); start += PassageTokens)
        {
            foreach (var ids in encoded.Where(ids => ids.Count > start))
            {
                if (tokens >= MostTokens) break;
                var passage = ids.GetRange(start, Math.Min(PassageTokens, ids.Count - start)).ToArray();
                var bytes = Encoding.UTF8.GetByteCount(tokenizer.Decode(passage));
                if (tokenizer.BeginOfText is { } begin) passage = [begin, .. passage];
                if (passage.Length < 2) continue;
                passages.Add(new TokenSequence(name, passage, bytes));
                tokens += passage.Length - 1;
            }
        }

        return passages.Count > 0 ? passages : throw new CoppiceException($"{name}: there is no text to measure on");
    }
}
