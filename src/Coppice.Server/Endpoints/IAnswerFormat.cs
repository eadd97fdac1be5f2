using Coppice.Inference;

namespace Coppice.Server;

/// <summary>How texts are answered: as completions or as turns of a conversation.</summary>
internal interface IAnswerFormat
{
    /// <summary>The whole answer.</summary>
    /// <param name="results">The texts.</param>
    /// <param name="usage">The number of tokens.</param>
    object Whole(IReadOnlyList<GenerationResult> results, object usage);

    /// <summary>The event before a text; null for none.</summary>
    /// <param name="choice">Which text.</param>
    object? First(int choice);

    /// <summary>The event of a piece of a text.</summary>
    /// <param name="choice">Which text.</param>
    /// <param name="piece">The piece.</param>
    object Piece(int choice, GeneratedPiece piece);

    /// <summary>The event at the end of a text.</summary>
    /// <param name="choice">Which text.</param>
    /// <param name="reason">Why it ended.</param>
    object Last(int choice, FinishReason reason);

    /// <summary>The event with the number of tokens.</summary>
    /// <param name="usage">The number of tokens.</param>
    object Usage(object usage);
}
