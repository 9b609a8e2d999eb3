using System.Net.Http.Headers;

namespace V2V.Engine.Disks.Transports.Http;

/// <summary>What a server says by which one version of a file is told from another (RFC 9110, section 8.8).</summary>
/// <param name="Tag">Its entity tag.</param>
/// <param name="Modified">When it was changed last.</param>
internal sealed record HttpVersion(EntityTagHeaderValue? Tag, DateTimeOffset? Modified)
{
    public static HttpVersion Of(HttpResponseMessage response) => new(response.Headers.ETag, response.Content.Headers.LastModified);

    /// <summary>The condition under which the server is to send a part: that it is still this version. Weak tags do not serve for it.</summary>
    public RangeConditionHeaderValue? Condition => this switch
    {
        { Tag: { IsWeak: false } tag } => new RangeConditionHeaderValue(tag),
        { Modified: { } modified } => new RangeConditionHeaderValue(modified),
        _ => null,
    };

    /// <summary>Whether another answer contradicts this one.</summary>
    public bool DiffersFrom(HttpVersion other) =>
        (Tag is not null && other.Tag is not null && !Tag.Equals(other.Tag)) || (Modified is not null && other.Modified is not null && Modified != other.Modified);
}
