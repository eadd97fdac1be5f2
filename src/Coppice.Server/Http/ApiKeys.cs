using System.Security.Cryptography;
using System.Text;
using Coppice.Foundation;
using Microsoft.AspNetCore.Http;

namespace Coppice.Server;

/// <summary>The keys that requests may carry. They are compared in a time that tells nothing about them.</summary>
internal sealed class ApiKeys
{
    private const string Scheme = "Bearer ";

    // Hashes, so that all are of one length: a comparison of texts of other lengths would end at once.
    private readonly List<byte[]> _hashes;

    private ApiKeys(IEnumerable<string> keys) => _hashes = [.. keys.Select(Hash)];

    /// <summary>Reads a file with a key a line.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CoppiceException">It can't be read, or has no key.</exception>
    public static ApiKeys Load(string path)
    {
        try
        {
            var keys = File.ReadAllLines(path).Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#').ToList();
            return keys.Count > 0 ? new ApiKeys(keys) : throw CoppiceException.Usage($"{path}: has no key; write one a line");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CoppiceException.Usage($"{path}: can't be read: {error.Message}", error);
        }
    }

    /// <summary>Refuses a request without a right key.</summary>
    /// <param name="request">The request.</param>
    /// <exception cref="ApiException">It has none, or a wrong one.</exception>
    public void Check(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            throw new ApiException(401, "This server asks for a key: send the header 'Authorization: Bearer KEY'.", code: "missing_api_key");
        var given = Hash(header[Scheme.Length..].Trim());
        var right = false;
        foreach (var hash in _hashes) right |= CryptographicOperations.FixedTimeEquals(given, hash);
        if (!right) throw new ApiException(401, "The key is none of this server's.", code: "invalid_api_key");
    }

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
