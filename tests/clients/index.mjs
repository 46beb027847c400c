// The libraries under their own names: tests import them from here, where node_modules stands.
export * as jose from 'jose';
export * as oauth from 'oauth4webapi';
export * as openid from 'openid-client';
