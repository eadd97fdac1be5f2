namespace Coppice.Server;

/// <summary>A request that can't be answered as it is, as OpenAI's interface says it.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="message">What was wrong, and what to do.</param>
/// <param name="parameter">The parameter that was wrong, or null.</param>
/// <param name="code">A fixed name of the error, or null.</param>
internal sealed class ApiException(int status, string message, string? parameter = null, string? code = null) : Exception(message)
{
    /// <summary>The HTTP status.</summary>
    public int Status => status;

    /// <summary>The parameter that was wrong, or null.</summary>
    public string? Parameter => parameter;

    /// <summary>A fixed name of the error, or null.</summary>
    public string? Code => code;

    /// <summary>A parameter that is missing or out of range.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="message">What was wrong with it.</param>
    public static ApiException BadParameter(string parameter, string message) => new(400, $"{parameter}: {message}", parameter, "invalid_value");
}
