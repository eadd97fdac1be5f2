using System.Globalization;
using Coppice.Foundation;
using Coppice.Tokenizers.Decoders;
using Coppice.Tokenizers.Models;
using Coppice.Tokenizers.Normalizers;
using Coppice.Tokenizers.PreTokenizers;

namespace Coppice.Tokenizers.Serialization;

/// <summary>
/// Makes a tokenizer of a SentencePiece <c>.model</c>: of the kinds Unigram, BPE and characters. Its table of replacements is applied as
/// <see cref="PrecompiledNormalizer"/> does, which differs from SentencePiece where the table has a longer replacement for several characters than for the first.
/// </summary>
internal static class SentencePieceReader
{
    private const char Space = '▁';

    /// <summary>Reads a model.</summary>
    /// <exception cref="CoppiceException">The file is broken, or something in it isn't supported.</exception>
    public static Tokenizer Read(ReadOnlySpan<byte> file)
    {
        var proto = ReadProto(file);
        if (proto.Pieces.Count == 0) throw new CoppiceException("this is no tokenizer.json, SentencePiece model or tiktoken file that can be read: it has no tokens");
        if (proto.SpaceIsSuffix) throw new CoppiceException("trainer_spec.treat_whitespace_as_suffix is not supported");
        if (!proto.EscapeWhitespace) throw new CoppiceException("normalizer_spec.escape_whitespaces must be true");
        if (proto.Pieces.Any(piece => piece.Type == SentencePieceType.Unused)) throw new CoppiceException("pieces of the type unused are not supported");
        var unknown = UnknownOf(proto);
        return new Tokenizer(new TokenizerParts
        {
            Model = proto.Algorithm switch
            {
                SentencePieceAlgorithm.Unigram => new UnigramModel(proto.Pieces.Select(piece => new UnigramPiece(piece.Text, piece.Score)).ToList(), unknown, proto.ByteFallback),
                SentencePieceAlgorithm.Bpe or SentencePieceAlgorithm.Character => BpeOf(proto, unknown),
                _ => throw new CoppiceException($"trainer_spec.model_type {(int)proto.Algorithm} is not supported; supported are 1 (unigram), 2 (bpe) and 4 (char)"),
            },
            AddedTokens = AddedTokensOf(proto),
            Normalizer = NormalizerOf(proto),
            PreTokenizer = PreTokenizerOf(proto),
            Decoder = DecoderOf(proto),
        });
    }

    private static SentencePieceProto ReadProto(ReadOnlySpan<byte> file)
    {
        try
        {
            return SentencePieceProto.Read(file);
        }
        catch (CoppiceException error)
        {
            throw new CoppiceException($"this is no tokenizer.json, and no valid SentencePiece model: {error.Message}", inner: error);
        }
    }

    private static int UnknownOf(SentencePieceProto proto)
    {
        var unknown = Enumerable.Range(0, proto.Pieces.Count).Where(id => proto.Pieces[id].Type == SentencePieceType.Unknown).ToList();
        return unknown.Count == 1 ? unknown[0] : throw new CoppiceException(string.Create(CultureInfo.InvariantCulture, $"there must be one piece of the type unknown, not {unknown.Count}"));
    }

    private static BpeModel BpeOf(SentencePieceProto proto, int unknown)
    {
        var vocabulary = new Vocabulary(proto.Pieces.Select((piece, id) => KeyValuePair.Create(piece.Text, id)).ToList());
        var merged = Enumerable.Range(0, proto.Pieces.Count)
            .Where(id => proto.Algorithm == SentencePieceAlgorithm.Bpe && proto.Pieces[id].Type == SentencePieceType.Normal)
            .OrderByDescending(id => proto.Pieces[id].Score).ThenBy(id => id);
        var options = new BpeOptions { UnknownToken = proto.Pieces[unknown].Text, FuseUnknown = true, ByteFallback = proto.ByteFallback };
        return new BpeModel(vocabulary, MergesOfTokens.Find(vocabulary, merged), options);
    }

    // Symbols that users define are found in the normalised text: normalised apart, the text around them would lose its spaces.
    private static List<AddedToken> AddedTokensOf(SentencePieceProto proto)
    {
        var added = new List<AddedToken>();
        var contents = new HashSet<string>(StringComparer.Ordinal);
        for (var id = 0; id < proto.Pieces.Count; id++)
        {
            var piece = proto.Pieces[id];
            if (piece.Type is not (SentencePieceType.Unknown or SentencePieceType.Control or SentencePieceType.UserDefined)) continue;
            if (!contents.Add(piece.Text)) throw new CoppiceException($"the piece {Quoted.Text(piece.Text)} comes twice");
            var isUserDefined = piece.Type == SentencePieceType.UserDefined;
            added.Add(new AddedToken(id, piece.Text, Special: !isUserDefined, Normalized: isUserDefined));
        }

        return added;
    }

    private static NormalizerSequence? NormalizerOf(SentencePieceProto proto)
    {
        var parts = new List<Normalizer>();
        if (proto.CharacterMap.Length > 0) parts.Add(new PrecompiledNormalizer(proto.CharacterMap));
        if (proto.RemoveExtraWhitespace)
        {
            // Only spaces count as white space. The one that is left before a text is the space that goes there.
            parts.Add(new ReplaceNormalizer(new TextPattern(" {2,}", isRegex: true), " "));
            parts.Add(new ReplaceNormalizer(new TextPattern(proto.AddDummyPrefix ? @" \z" : @"\A | \z", isRegex: true), ""));
        }

        return parts.Count == 0 ? null : new NormalizerSequence(parts);
    }

    // Words are only cut where no piece reaches over a space.
    private static MetaspacePreTokenizer PreTokenizerOf(SentencePieceProto proto) => new(
        Space, proto.AddDummyPrefix ? PrependScheme.First : PrependScheme.Never, split: !proto.Pieces.Any(piece => piece.Text.LastIndexOf(Space) > 0));

    private static DecoderSequence DecoderOf(SentencePieceProto proto)
    {
        var parts = new List<Decoder> { new ReplaceDecoder(new TextPattern(Space.ToString(), isRegex: false), " ") };
        if (proto.ByteFallback) parts.Add(new ByteFallbackDecoder());
        parts.Add(new FuseDecoder());
        if (proto.AddDummyPrefix) parts.Add(new StripDecoder(' ', start: 1, stop: 0));
        return new DecoderSequence(parts);
    }
}
