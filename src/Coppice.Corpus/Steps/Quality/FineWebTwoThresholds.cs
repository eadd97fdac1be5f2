using System.Text.Json;
using System.Text.Json.Serialization;
using Coppice.Foundation;

namespace Coppice.Corpus.Quality;

/// <summary>The thresholds of one language: those that FineWeb-2 has of each in a file of its own.</summary>
public sealed record LanguageThresholds
{
    /// <summary>Documents that they were learned from.</summary>
    public required long Documents { get; init; }

    /// <summary>The shortest mean length of words.</summary>
    public required double MinMeanWordLength { get; init; }

    /// <summary>The longest mean length of words.</summary>
    public required double MaxMeanWordLength { get; init; }

    /// <summary>The smallest share of tokens with a letter.</summary>
    public required double MinAlphabeticWords { get; init; }

    /// <summary>The stop words, of which a document must have two.</summary>
    public required IReadOnlyList<string> StopWords { get; init; }

    /// <summary>The largest share of lines that are duplicates.</summary>
    public required double MaxDuplicateLines { get; init; }

    /// <summary>The largest shares of characters that the commonest 2-, 3- and 4-gram have.</summary>
    public required IReadOnlyList<double> MaxTopNgrams { get; init; }

    /// <summary>The largest shares of characters in repeated 5- to 10-grams.</summary>
    public required IReadOnlyList<double> MaxDuplicateNgrams { get; init; }

    /// <summary>The smallest share of lines that end in terminal punctuation.</summary>
    public required double MinPunctuatedLines { get; init; }

    /// <summary>The most line ends a token.</summary>
    public required double MaxNewlinesPerWord { get; init; }
}

/// <summary>Thresholds by language, as a file: learned once by <see cref="FineWebTwoCalibration"/>, read by the step <c>fineweb-2</c>, and open to be changed by hand.</summary>
/// <param name="Languages">The thresholds by language code.</param>
public sealed record FineWebTwoThresholds(IReadOnlyDictionary<string, LanguageThresholds> Languages)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes the file.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <exception cref="CoppiceException">It can't be written.</exception>
    public void Save(string path) => AtomicFile.WriteText(path, JsonSerializer.Serialize(this, Json) + "\n");

    /// <summary>Reads the file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CoppiceException">It can't be read, or is not such a file: the message says what is wrong and where.</exception>
    public static FineWebTwoThresholds Load(string path)
    {
        try
        {
            var thresholds = JsonSerializer.Deserialize<FineWebTwoThresholds>(File.ReadAllText(path), Json);
            return thresholds?.Languages is { Count: > 0 } ? thresholds : throw new CoppiceException($"{path}: has no thresholds: learn them from text that is known to be good.");
        }
        catch (JsonException error)
        {
            throw new CoppiceException($"{path}:{error.LineNumber + 1}: is no file of thresholds: {error.Message}", inner: error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CoppiceException($"{path}: can't be read: {error.Message}", inner: error);
        }
    }
}
