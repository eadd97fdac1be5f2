using Coppice.Inference;

namespace Coppice.Server;

/// <summary>The names of the reasons why a text ended.</summary>
internal static class FinishReasons
{
    /// <summary>The name; null while a text goes on.</summary>
    /// <param name="reason">The reason.</param>
    public static string? Name(FinishReason? reason) => reason switch
    {
        FinishReason.Stop => "stop",
        FinishReason.Length => "length",
        _ => null,
    };
}
