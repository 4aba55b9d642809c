// A small app as Relay's documentation has them. It is compiled, not run: the compiler holds its operations against
// the schema, and generates types for what they select.
import { graphql } from "react-relay";

export const query = graphql`
  query AppQuery($walletId: ID!) {
    ...AppWalletsList_query
    node(id: $walletId) {
      __typename
      id
      ...AppWalletCard_wallet
    }
  }
`;

export const walletCard = graphql`
  fragment AppWalletCard_wallet on Wallet @refetchable(queryName: "AppWalletCardRefetchQuery") {
    id
    label
    balance
    currency
    createdAt
    metadata
    ...AppTransactionsList_wallet
  }
`;

export const walletsList = graphql`
  fragment AppWalletsList_query on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" })
  @refetchable(queryName: "AppWalletsListPaginationQuery") {
    wallets(first: $count, after: $cursor, ordering: [{ createdAt: DESC }], filters: { balance: { gte: "0" } })
      @connection(key: "AppWalletsList_wallets") {
      totalCount
      edges {
        node {
          id
          ...AppWalletCard_wallet
        }
      }
    }
  }
`;

export const transactionsList = graphql`
  fragment AppTransactionsList_wallet on Wallet
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" })
  @refetchable(queryName: "AppTransactionsListPaginationQuery") {
    transactions(last: $count, before: $cursor) @connection(key: "AppTransactionsList_transactions") {
      edges {
        node {
          id
          txid
          amount
          entries(first: 5) {
            edges {
              node {
                kind
                sequence
                balanceAfter
              }
            }
          }
        }
      }
    }
  }
`;

export const postTransaction = graphql`
  mutation AppPostMutation($input: CreateTransactionInput!, $connections: [ID!]!) {
    createTransaction(input: $input) {
      transaction @appendNode(connections: $connections, edgeTypeName: "TransactionEdge") {
        id
        txid
        amount
        wallet {
          id
          balance
        }
      }
      userErrors {
        code
        message
        field
      }
    }
  }
`;

export const deleteWallet = graphql`
  mutation AppDeleteMutation($input: DeleteWalletInput!) {
    deleteWallet(input: $input) {
      wallet {
        id @deleteRecord
      }
      userErrors {
        code
      }
    }
  }
`;
