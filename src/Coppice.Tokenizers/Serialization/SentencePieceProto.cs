using System.Globalization;
using System.Text;
using Coppice.Foundation;

namespace Coppice.Tokenizers.Serialization;

/// <summary>What a SentencePiece model does with its pieces.</summary>
internal enum SentencePieceAlgorithm
{
    Unigram = 1,
    Bpe = 2,
    Word = 3,
    Character = 4,
}

/// <summary>What a piece is there for.</summary>
internal enum SentencePieceType
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>One piece of a SentencePiece model.</summary>
/// <param name="Text">The piece.</param>
/// <param name="Score">Its score.</param>
/// <param name="Type">What it is there for.</param>
internal readonly record struct SentencePiece(string Text, float Score, SentencePieceType Type);

/// <summary>The parts of a SentencePiece <c>.model</c> (a Protocol Buffers message, <c>sentencepiece_model.proto</c>) that decide an encoding.</summary>
internal sealed class SentencePieceProto
{
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);
    private readonly List<SentencePiece> pieces = [];

    private SentencePieceProto()
    {
    }

    /// <summary>The pieces by id.</summary>
    public IReadOnlyList<SentencePiece> Pieces => pieces;

    /// <summary>How a text is put together of them.</summary>
    public SentencePieceAlgorithm Algorithm { get; private set; } = SentencePieceAlgorithm.Unigram;

    /// <summary>Whether characters that are no piece become bytes.</summary>
    public bool ByteFallback { get; private set; }

    /// <summary>Whether a space ends a word instead of beginning it.</summary>
    public bool SpaceIsSuffix { get; private set; }

    /// <summary>The table of replacements; empty for none.</summary>
    public byte[] CharacterMap { get; private set; } = [];

    /// <summary>Whether a space goes before a text.</summary>
    public bool AddDummyPrefix { get; private set; } = true;

    /// <summary>Whether of several spaces one is left, and none at the ends.</summary>
    public bool RemoveExtraWhitespace { get; private set; } = true;

    /// <summary>Whether spaces are written as <c>▁</c>.</summary>
    public bool EscapeWhitespace { get; private set; } = true;

    /// <summary>Reads a model.</summary>
    /// <exception cref="CoppiceException">The file is broken.</exception>
    public static SentencePieceProto Read(ReadOnlySpan<byte> file)
    {
        var model = new SentencePieceProto();
        var reader = new ProtobufReader(file);
        while (reader.TryRead(out var field))
        {
            switch (field.Number)
            {
                case 1:
                    model.pieces.Add(ReadPiece(field.Bytes, model.pieces.Count));
                    break;
                case 2:
                    model.ReadTrainer(field.Bytes);
                    break;
                case 3:
                    model.ReadNormalizer(field.Bytes);
                    break;
            }
        }

        return model;
    }

    private static SentencePiece ReadPiece(ReadOnlySpan<byte> message, int id)
    {
        var (text, score, type) = ("", 0f, SentencePieceType.Normal);
        var reader = new ProtobufReader(message);
        while (reader.TryRead(out var field))
        {
            if (field.Number == 1) text = ReadText(field.Bytes, id);
            else if (field.Number == 2) score = field.Float;
            else if (field.Number == 3) type = (SentencePieceType)Math.Min(field.Value, int.MaxValue);
        }

        if (text.Length == 0) throw new CoppiceException(string.Create(CultureInfo.InvariantCulture, $"the piece {id} is empty"));
        if (!Enum.IsDefined(type)) throw new CoppiceException(string.Create(CultureInfo.InvariantCulture, $"the piece {id} is of the unknown type {(int)type}"));
        return new SentencePiece(text, score, type);
    }

    private static string ReadText(ReadOnlySpan<byte> bytes, int id)
    {
        try
        {
            return Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException error)
        {
            throw new CoppiceException(string.Create(CultureInfo.InvariantCulture, $"the piece {id} is no valid UTF-8"), inner: error);
        }
    }

    private void ReadTrainer(ReadOnlySpan<byte> message)
    {
        var reader = new ProtobufReader(message);
        while (reader.TryRead(out var field))
        {
            if (field.Number == 3) Algorithm = (SentencePieceAlgorithm)Math.Min(field.Value, int.MaxValue);
            else if (field.Number == 24) SpaceIsSuffix = field.Value != 0;
            else if (field.Number == 35) ByteFallback = field.Value != 0;
        }
    }

    private void ReadNormalizer(ReadOnlySpan<byte> message)
    {
        var reader = new ProtobufReader(message);
        while (reader.TryRead(out var field))
        {
            if (field.Number == 2) CharacterMap = field.Bytes.ToArray();
            else if (field.Number == 3) AddDummyPrefix = field.Value != 0;
            else if (field.Number == 4) RemoveExtraWhitespace = field.Value != 0;
            else if (field.Number == 5) EscapeWhitespace = field.Value != 0;
        }
    }
}
